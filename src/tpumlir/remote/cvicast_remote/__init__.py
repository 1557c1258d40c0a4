"""Calibration for TPU-MLIR on the machine: the table of stock run_calibration, several times sooner."""
