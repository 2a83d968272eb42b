"""The lines that are printed; what is measured stands elsewhere."""

from benchmarks.load import Tally


def show(name: str, value: float, unit: str = "", more: str = "") -> None:
    """One line of the table."""
    print(f"{name:<44} {value:>9.2f} {unit:<6} {more}", flush=True)


def spread(tally: Tally, status: int = 200) -> str:
    """Median and 99th percentile of an answer, in milliseconds."""
    median, late = tally.percentile(0.5, status), tally.percentile(0.99, status)
    return f"p50 {median:.1f} ms  p99 {late:.1f} ms"
