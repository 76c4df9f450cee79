from __future__ import annotations

import pytest

from streamproc.media.decoder import Decoder
from streamproc.media.mark import END
from streamproc.media.source import Damage
from tests.media.clips import ffmpeg, picture, probe

X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-x264-params", "keyint=20:bframes=2:scenecut=0"]


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "clip.mp4"
    ffmpeg(*picture(), *X264, path)
    return path


@pytest.fixture
def decoder(clip):
    opened = Decoder(clip, Damage())
    yield opened
    opened.close()


def test_pictures_tell_the_packet_on_which_they_came_out(clip, decoder):
    positions = [int(packet["pos"]) for packet in probe(clip, "-show_packets")["packets"]]
    decoded = list(decoder.pictures)
    assert len(decoded) == len(positions) == 50
    lag = sum(one.trace.position == END for one in decoded)
    assert lag > 0  # of B-frames
    assert [one.trace.position for one in decoded] == positions[lag:] + [END] * lag


def test_pictures_tell_the_key_packet_before_them(clip, decoder):
    packets = probe(clip, "-show_packets")["packets"]
    keys = [(packet["pts"], int(packet["pos"])) for packet in packets if packet["flags"].startswith("K")]
    assert len(keys) == 3
    for number, decoded in enumerate(decoder.pictures):
        assert (decoded.key.pts, decoded.key.position) == keys[number // 20]


def test_after_a_seek_pictures_begin_at_a_key_packet(decoder):
    whole = [trace for _, trace, _ in decoder.pictures]
    decoder.seek(whole[45].time, None)
    assert [trace for _, trace, _ in decoder.pictures] == whole[40:]
    decoder.seek(whole[0].time, None)
    assert [trace for _, trace, _ in decoder.pictures] == whole


def test_nothing_is_read_from_behind_the_latest_byte(decoder):
    whole = list(decoder.pictures)
    key = whole[45].key.position
    decoder.seek(whole[45].trace.time, key - 1)
    assert list(decoder.pictures) == []
    decoder.seek(whole[45].trace.time, key)
    assert len(list(decoder.pictures)) == 10


def test_damage_is_told_only_where_it_is_counted(clip, caplog):
    data = bytearray(clip.read_bytes())
    for packet in probe(clip, "-show_packets")["packets"][10:40:10]:
        position = int(packet["pos"])
        data[position : position + 4] = b"\xff" * 4  # the length of what follows
    clip.write_bytes(data)
    damage = Damage()
    decoder = Decoder(clip, damage)
    try:
        first = next(decoder.pictures)
        decoder.damage = None
        decoder.seek(first.trace.time, None)
        quiet = list(decoder.pictures)
        assert not damage
        assert not caplog.records
        decoder.damage = damage
        decoder.seek(first.trace.time, None)
        assert len(list(decoder.pictures)) == len(quiet)
    finally:
        decoder.close()
    assert damage.corrupt_packets == len(caplog.records) == 3
