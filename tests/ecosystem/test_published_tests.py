"""The tests that published packages ship pass on our core, with the published plugin, all unmodified."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.ecosystem.environments import Environment, names_of_ours, published_tests

pytestmark = [pytest.mark.registry]

PINNED: dict[str, tuple[str, ...]] = {}
"""Requirements a package's tests needed in an older version than the registry's newest; none does today."""


@dataclass(frozen=True)
class Published:
    """A published package and what its tests are to reach."""

    name: str
    passing: int
    """How many must pass at least."""
    may_fail: frozenset[str] = frozenset()
    """Names (no classes, no parameters) of tests that lean on something outside: network, older libraries."""
    limit_s: float = 60
    """How long they may take; in the soak with room for a machine that does much else."""
    needs: tuple[str, ...] = ()
    """What its tests import besides."""


NEED_DATA_OF_SCIPY = frozenset(
    {
        "test_1d_preserves_shape_and_finiteness",
        "test_default",
        "test_fit_wo_baseline",
        "test_no_spikes_minimal_change",
        "test_non_default_mode",
        "test_peaks_from_fitted",
        "test_plot_fitted_peaks",
        "test_plot_peak",
        "test_plot_peaks",
        "test_TestFit1D_test_default",
        "test_TestFit1D_test_fit_wo_baseline",
        "test_TestFit1D_test_plot_fitted_peaks",
        "test_TestForcePeakFinder_test_peaks_from_fitted",
        "test_TestInterpolation_test_default",
        "test_TestNormalization_test_default",
        "test_TestNormalization_test_non_default_mode",
        "test_TestPeakFinder_test_default",
        "test_TestPeakFinder_test_plot_peak",
        "test_TestPeakFinder_test_plot_peaks",
        "test_TestSmoothing_test_1d_preserves_shape_and_finiteness",
        "test_TestSmoothing_test_default",
        "test_TestSmoothing_test_no_spikes_minimal_change",
        "test_TestSmoothing_test_non_default_mode",
        "test_TestbaselineNodes_test_estimate_baseline_regions_node",
    }
)
DEFAULT = (
    Published("funcnodes-basic", 152),
    Published("funcnodes-numpy", 16),
    Published("funcnodes-images", 28),
)
SOAK = (
    Published("funcnodes-plotly", 52, limit_s=180),
    # KeyError: 0 inside pandas 3.1.1; the contract names the three as drift of pandas.
    Published(
        "funcnodes-pandas", 345, frozenset({"test_ser_iloc", "test_TestSeries_test_ser_iloc"}), limit_s=300
    ),
    # It fetches a picture from Wikimedia.
    Published("funcnodes-files", 11, frozenset({"test_file_download"}), limit_s=120),
    Published("funcnodes-pydantic", 82, needs=("pytest-cov",)),
    Published("funcnodes-storage", 24, needs=("funcnodes-pandas",)),
    Published("funcnodes-webcam", 1),
    # All that pytest collects, on this core and on the one of 6d8f734.
    Published("funcnodes-lmfit", 72, limit_s=1200),
    # 28 draw their data from scipy.datasets, which fetches it; one counts the nodes that those would test.
    Published("funcnodes-span", 204, NEED_DATA_OF_SCIPY, limit_s=900),
    # OpenCV 5 writes no text into such pictures, and finds other lines.
    Published("funcnodes-opencv", 810, frozenset({"test_putText", "test_HoughLinesP"}), limit_s=900),
)


@pytest.mark.parametrize(
    "package",
    [
        *(pytest.param(p, id=p.name, marks=pytest.mark.timeout(110)) for p in DEFAULT),
        *(pytest.param(p, id=p.name, marks=[pytest.mark.soak, pytest.mark.timeout(1500)]) for p in SOAK),
    ],
)
def test_the_published_tests_pass(
    package: Published, wheels: dict[str, Path], tools: Environment, tmp_path: Path, note: list[str]
) -> None:
    ours = package.name in wheels
    wanted = () if ours else (package.name,)
    pins = PINNED.get(package.name, ())
    environment = Environment.make(
        tmp_path / "environment", *wheels.values(), *wanted, *pins, *package.needs, "pytest-funcnodes"
    )
    versions = environment.versions()
    source = f"{package.name}<3" if ours else f"{package.name}=={versions[package.name]}"
    (tmp_path / "source").mkdir()
    tests = published_tests(tools, source, tmp_path / "source")

    outcome = environment.run_tests(tests, package.limit_s)

    note.append(f"{tests.parent.name}: {outcome}; pinned: {', '.join(pins) or 'nothing'}")
    assert names_of_ours(versions) == dict.fromkeys(wheels, "3.0.0")
    failed = {name.rpartition("::")[2].partition("[")[0] for name in outcome.failed}
    assert failed <= package.may_fail, outcome.said[-4000:]
    assert outcome.passed >= package.passing, outcome.said[-4000:]
