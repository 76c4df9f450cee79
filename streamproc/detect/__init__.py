"""Detectors: the protocol, the registry, the default ONNX chain and detections given from outside."""
