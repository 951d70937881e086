"""Measuring, on any machine: every figure beside a reference that was measured in the same run.

A busy machine makes both slower, so what is told are ratios, each the median of many rounds in
which both took turns, with the middle half of them.
"""
