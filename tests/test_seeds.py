"""Seeds that follow from another one are those of stored results, and no two are equal."""

from lasersampling.seeds import seed_of_piece


def test_the_first_piece_has_the_seed_of_the_whole():
    assert [seed_of_piece(7, stream, 0) for stream in (9, 10)] == [7, 7]


def test_others_differ_by_seed_stream_and_number_and_suit_every_sampler():
    found = [
        seed_of_piece(seed, stream, number)
        for seed in (0, 7) for stream in (9, 10, 11) for number in range(1, 200)
    ]  # fmt: skip
    assert len(set(found)) == len(found)
    assert all(0 <= seed < 2**63 for seed in found)
    assert seed_of_piece(7, 9, 1) == seed_of_piece(7, 9, 1)
