import threading

from lasersampling.keeping import keeping, kept


class Counting:
    def __init__(self):
        self.names = []

    def step(self, name, compute, of):
        self.names.append(name)
        return compute()

    def state(self, name):
        raise NotImplementedError


def test_steps_reach_the_keeper_of_the_block_and_of_no_other_thread():
    keeper = Counting()
    assert kept("outside", lambda: 1) == 1
    with keeping(keeper):
        assert kept("inside", lambda: kept("deeper", lambda: 2)) == 2
        thread = threading.Thread(target=lambda: kept("elsewhere", lambda: 3))
        thread.start()
        thread.join()
        with keeping(None):
            assert kept("left out", lambda: 4) == 4
    assert keeper.names == ["inside", "deeper"]
