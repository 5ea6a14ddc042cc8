"""The small measurements of memory print what they say, and their figures obey the machine's limits."""

from __future__ import annotations

import bandwidth_by_cores
import pytest
import shared_port
import working_set_sweep
from memory_streams import Stream, run_stream

from runtime.machine.description import load

MACHINE = load("ascend910b1")


def numbers(printed):
    """The figures of each row of a printed table."""
    rows = printed.splitlines()[2:]
    return [[float(cell.rstrip("%")) for cell in row.split() if cell[0].isdigit()] for row in rows if row]


@pytest.mark.parametrize("kind", ["cube", "vector"])
def test_streams_move_the_bytes_of_every_pass(kind):
    use = run_stream(Stream(kind, 3, 1 << 20, 2, 65536, loads=True, stores=True), MACHINE)
    assert use.gm_read_bytes == use.gm_write_bytes == 2 << 20
    assert use.missed_bytes == 1 << 20


def test_bandwidth_grows_with_cores_up_to_the_limits(capsys):
    assert bandwidth_by_cores.main(["--mib", "12"]) == 0
    rows = numbers(capsys.readouterr().out)
    assert [row[0] for row in rows] == [1, 2, 4, 8, 16, 24]
    hbm, l2 = [row[1] for row in rows], [row[3] for row in rows]
    assert hbm == sorted(hbm)
    assert l2 == sorted(l2)
    assert max(hbm) <= MACHINE.memory.hbm_gb_per_s
    assert max(l2) <= MACHINE.memory.l2_read_gb_per_s
    assert all(fast > slow for fast, slow in zip(l2, hbm, strict=True))


def test_hits_fall_as_the_working_set_outgrows_the_cache(capsys):
    assert working_set_sweep.main(["--mb", "20", "200", "400", "--passes", "2"]) == 0
    (_, small, fast), (_, middle, _), (_, large, slow) = numbers(capsys.readouterr().out)
    assert small == 100
    assert small >= middle > large
    assert fast > slow


def test_loads_and_stores_share_the_port(capsys):
    assert shared_port.main([]) == 0
    rows = numbers(capsys.readouterr().out)
    ports = MACHINE.memory.cube_port_bytes_per_cycle, MACHINE.memory.vector_port_bytes_per_cycle
    for (loads, stores, loads_too, stores_too, together), port in zip(rows, ports, strict=True):
        assert loads_too <= loads
        assert stores_too <= stores
        assert together == pytest.approx(loads_too + stores_too, abs=0.2)
        assert together <= port
