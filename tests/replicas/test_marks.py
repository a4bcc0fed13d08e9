from kfsim.replicas import marks


def test_own_marks_are_in_kfsims_own_group():
    assert marks.REPLICA_FINALIZER.startswith("kfsim.dev/")
    assert marks.WAKE_UP_ANNOTATION.startswith("kfsim.dev/")
