"""The job of one video: go on where the journal ends, run the pipeline, join the parts, leave finished files."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from streamproc.errors import FingerprintError, Interrupted, JournalError, OutputOverInputError
from streamproc.job.commit import Committed, commit_chunk
from streamproc.job.failures import film_need
from streamproc.job.files import make_folder, publish, record_of, remove_work, sync_file
from streamproc.job.fingerprint import differences
from streamproc.job.journal import Journal
from streamproc.job.ledger import JOURNAL
from streamproc.job.parts import FilmSink, PngSink
from streamproc.job.pipeline import Pipeline
from streamproc.job.render import Renderer
from streamproc.job.results import SourceResult, Status
from streamproc.job.settle import encoder_settings
from streamproc.job.source_job import SourceJob
from streamproc.media.container import output_suffix
from streamproc.media.encode import VideoPartWriter
from streamproc.media.join import join
from streamproc.media.mask_writer import MaskVideoWriter
from streamproc.media.source import open_source
from streamproc.options import MaskFormat

if TYPE_CHECKING:
    from pathlib import Path

    from streamproc.detect.detector import Detector
    from streamproc.job.failures import Need
    from streamproc.job.files import FileRecord
    from streamproc.job.fingerprint import Fingerprint
    from streamproc.job.journal import Record
    from streamproc.job.ledger import Ledger
    from streamproc.job.naming import Planned
    from streamproc.job.parts import ClosedPart, PartSink
    from streamproc.job.pipeline import ChunkData
    from streamproc.job.progress import Progress
    from streamproc.job.stopping import StopRequest
    from streamproc.media.source import Source
    from streamproc.options import Options

_MASK_THREADS = 1  # flat pictures at x264's fastest: one thread keeps up, and threads cost the video its cores

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Film:
    """A film to be joined at the end: the kind of its parts, its final name, and whether sound joins in."""

    kind: str
    final: Path
    with_streams: bool


class VideoJob(SourceJob):
    """One video source with its options, as a list of chunks."""

    def __init__(
        self,
        planned: Planned,
        options: Options,
        detector: Detector,
        mark: Fingerprint,
        ledger: Ledger,
        progress: Progress,
        stop: StopRequest,
    ) -> None:
        super().__init__(planned, options, detector, mark, ledger)
        self._progress, self._stop = progress, stop
        self._root = ledger.output
        self._notes: list[str] = []
        self._chunks: dict[int, Committed] = {}
        self._frames_estimate: int | None = None

    def _unchanged(self, entry: Record) -> SourceResult:
        return self._result(Status.UNCHANGED, entry["frames"], entry["frames"], entry["objects"], entry["files"])

    def _make(self) -> SourceResult:
        if self._options.overwrite:
            self._ledger.forget(self.name)
            remove_work(self.work, self._ledger.work)
        with open_source(self._planned.source) as source:
            films = self._films(source)
            self._claim([film.final for film in films])
            make_folder(self.work, self._ledger.work)
            with Journal(self.work / JOURNAL) as journal:
                return self._run(source, films, journal)

    def _run(self, source: Source, films: list[Film], journal: Journal) -> SourceResult:
        chunks, total = self._recover(journal)
        self._chunks = chunks
        self._frames_estimate = total or source.info.frames_estimate
        resumed = sum(chunk.frames for chunk in chunks.values())
        if resumed:
            self._note(f"{resumed} frames in {len(chunks)} chunks were committed before; going on")
        self._progress.begin(self._planned.source, self._frames_estimate, resumed)
        try:
            if total is None or sum(chunk.frames for chunk in chunks.values()) < total:
                total = self._work_through(source, chunks, journal)
        finally:
            self._progress.end()
        return self._finish(source, films, [chunks[index] for index in sorted(chunks)], total, resumed)

    def _recover(self, journal: Journal) -> tuple[dict[int, Committed], int | None]:
        """Committed chunks whose files are as the journal says, and the number of frames if the end was reached."""
        if not journal.records:
            journal.append({"job": self.name, "fingerprint": self._mark})
            return {}, None
        header, *rest = journal.records
        if header.get("job") != self.name:
            raise JournalError(
                f"{journal.path}: belongs to {header.get('job')!r}, not to {self.name!r}; use --overwrite"
            )
        changed = differences(header["fingerprint"], self._mark)
        if changed:
            raise FingerprintError(
                f"{self._planned.source}: begun in {self._root} by a run that differs: {'; '.join(changed[:5])}; "
                "run it with what it was begun with, or use --overwrite to start anew"
            )
        chunks: dict[int, Committed] = {}
        total = None
        for record in rest:
            if "chunk" in record:
                chunks[record["chunk"]] = Committed.of(record, with_mark=True)
            else:
                total = record["end"]
        for index, chunk in list(chunks.items()):
            damaged = chunk.damaged(self._root)
            if damaged:
                self._note(f"{', '.join(damaged[:3])}: gone or changed since the commit; chunk {index} is made again")
                del chunks[index]
        return chunks, total

    def _work_through(self, source: Source, chunks: dict[int, Committed], journal: Journal) -> int:
        options, info = self._options, source.info
        renderer = Renderer(options, info.width, info.height)

        def commit(data: ChunkData, parts: list[ClosedPart]) -> None:
            metadata = self._planned.target / self._planned.metadata_name(data.first, data.first + len(data.ticks) - 1)
            finals = [metadata] + [final for part in parts for _, final in part.files]
            self._claim([final for final in finals if self.work not in final.parents])
            chunks[data.chunk] = commit_chunk(
                data, parts, metadata=metadata, work=self.work, root=self._root, journal=journal
            )

        pipeline = Pipeline(
            source,
            self._detector,
            renderer,
            self._sinks(source, renderer),
            chunk_frames=options.chunk_frames,
            segmentation=options.save_segmentation,
            committed={index: chunk.mark for index, chunk in chunks.items()},
            commit=commit,
            clock=self._clock,
            progress=self._progress,
            stop=self._stop,
        )
        pipeline.run()
        if source.sought:
            self._note(f"the frame to go on at was found: {source.sought}")
        if not pipeline.reached_end:
            done = sum(chunk.frames for chunk in chunks.values())
            raise Interrupted(
                f"{self._planned.source}: stopped after {done} committed frames; run the same command to go on",
                self._stop.signal_number or 0,
            )
        total = sum(chunk.frames for chunk in chunks.values())
        journal.append({"end": total})
        return total

    def _sinks(self, source: Source, renderer: Renderer) -> list[PartSink]:
        options, info = self._options, source.info
        sinks: list[PartSink] = []
        if options.write_video:
            open_video = partial(VideoPartWriter, info=info, settings=encoder_settings(options))
            sinks.append(FilmSink("video", self.work, open_video))
        for kind, pool in renderer.pools.items():
            if options.mask_format is MaskFormat.VIDEO:
                width, height = renderer.mask_size
                open_mask = partial(
                    MaskVideoWriter,
                    kind=kind.value,
                    width=width,
                    height=height,
                    time_base=info.time_base,
                    rate=info.rate,
                    threads=_MASK_THREADS,
                )
                sinks.append(FilmSink(kind, self.work, open_mask, pool.give_back))
            else:
                final = self._planned.target / self._planned.mask_names[kind]
                sinks.append(PngSink(kind, self.work, final, options.compress_level, pool.give_back))
        return sinks

    def _films(self, source: Source) -> list[Film]:
        planned, options = self._planned, self._options
        films = []
        if options.write_video:
            info = source.info
            suffix, reason = output_suffix(planned.source, options.codec, info.audio_codecs, info.subtitle_codecs)
            if reason:
                self._note(f"written as {suffix}: {reason}")
            films.append(Film("video", planned.target / (planned.picture_stem + suffix), with_streams=True))
        if options.mask_format is MaskFormat.VIDEO:
            films += [
                Film(kind, planned.target / f"{planned.mask_names[kind]}.mp4", with_streams=False)
                for kind in sorted(options.save_mask)
            ]
        for film in films:
            if film.final.exists() and film.final.samefile(planned.source):
                raise OutputOverInputError(f"{film.final}: is the source itself; choose another output folder")
        return films

    def _finish(
        self, source: Source, films: list[Film], chunks: list[Committed], total: int, resumed: int
    ) -> SourceResult:
        ticks = [chunk.ticks for chunk in chunks]
        files = [file for chunk in chunks for file in chunk.files if self.work not in self._path(file).parents]
        for film in films:
            temporary = self.work / f"{film.kind}{film.final.suffix}.joined.tmp"
            parts = [self._path(chunk.parts[film.kind][0]) for chunk in chunks]
            with self._clock.measure("join"):
                report = join(
                    parts,
                    ticks,
                    source.info,
                    temporary,
                    suffix=film.final.suffix,
                    streams_from=self._planned.source if film.with_streams else None,
                    keep_metadata=self._options.keep_metadata,
                )
                sync_file(temporary)
                publish([(temporary, film.final)], self._root)
            for left_out in report.left_out:
                self._note(left_out)
            files.append(record_of(film.final, self._root))
        if source.damage:
            self._note(f"while reading: {source.damage}")
        objects: dict[str, int] = {}
        for chunk in chunks:
            for name, count in chunk.objects.items():
                objects[name] = objects.get(name, 0) + count
        crowded = sum(chunk.crowded for chunk in chunks)
        if crowded:
            self._note(f"{crowded} instances share a colour: a frame held more than 255 objects of one type")
        self._ledger.finish(self.name, self._mark, files, total, objects)
        self._tidy()
        return self._result(Status.DONE, total, resumed, objects, files)

    def _need(self) -> Need:
        masks = self._options.save_mask if self._options.mask_format is MaskFormat.VIDEO else ()
        films = {*masks, *(["video"] if self._options.write_video else [])}
        return film_need(
            list(self._chunks.values()),
            films,
            self._options.chunk_frames,
            self._frames_estimate,
            self._mark["source"]["size"],
        )

    def _claim(self, finals: list[Path]) -> None:
        self._ledger.claim(self.name, finals, overwrite=self._options.overwrite)

    def _path(self, file: FileRecord) -> Path:
        return self._root / file["file"]

    def _note(self, text: str) -> None:
        _log.info("%s: %s", self._planned.source, text)
        self._notes.append(text)

    def _result(
        self, status: Status, frames: int, resumed: int, objects: dict[str, int], files: list[FileRecord]
    ) -> SourceResult:
        outputs = dict.fromkeys(self._output(self._path(file)) for file in files)
        return SourceResult(
            self._planned.source, status, frames, resumed, objects, list(outputs), self._clock.seconds, self._notes
        )

    def _output(self, path: Path) -> Path:
        """The file itself, or the folder of a mask that is stored as one PNG a frame."""
        folders = {self._planned.target / name for name in self._planned.mask_names.values()}
        return path.parent if path.parent in folders else path
