from dialects.isa.origin import LocalBuffer, Origins, origins_of

BUFFERS = (
    LocalBuffer("vecin.0", "ub", 0, 256, 2),
    LocalBuffer("veccalc.0", "ub", 512, 256, 1),
    LocalBuffer("veccalc.1", "ub", 512, 128, 1),
    LocalBuffer("a1.0", "l1", 0, 1024, 1),
)
ORIGINS = Origins(("kernel.add(veccalc.1, vecin.0[128])", "kernel.enque vecin.0"), (0, -1, 1), BUFFERS)


def names(index, space, low, high):
    return [one.name for one in ORIGINS.buffers_at(index, space, low, high)]


def test_the_operation_of_an_instruction():
    assert [ORIGINS.op(index) for index in range(4)] == [
        "kernel.add(veccalc.1, vecin.0[128])",
        None,
        "kernel.enque vecin.0",
        None,
    ]


def test_a_buffer_is_the_one_that_the_operation_names():
    assert names(0, "ub", 512, 600) == ["veccalc.1"]
    assert names(1, "ub", 512, 600) == ["veccalc.0", "veccalc.1"]
    assert names(0, "ub", 300, 500) == ["vecin.0"]
    assert names(0, "ub", 500, 600) == []
    assert names(0, "l1", 0, 4) == ["a1.0"]


def test_the_attribute_holds_everything():
    assert origins_of(ORIGINS.attribute()) == ORIGINS
    assert ORIGINS.fault(3) is None
    assert ORIGINS.fault(2) is not None
