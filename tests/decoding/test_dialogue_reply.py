from zoo.decoding.dialogue_reply import Reply, ScoredReply


def test_a_reply_says_what_was_not_read():
    best = ScoredReply("To Vienna.", -1.204)
    reply = Reply(*best, alternatives=(best, ScoredReply("To Paris.", -3.0)))
    assert str(reply) == "To Vienna. (log P = -1.20)"
    assert dict(reply.alternatives) == {"To Vienna.": -1.204, "To Paris.": -3.0}
    reply = Reply("Yes.", -0.5, act="inform", emotion="joy", turns_cut=1, words_cut=40)
    assert str(reply) == "Yes. (log P = -0.50, inform, joy; 1 turn and 40 words not read)"
    assert str(Reply("", -2.0, words_cut=1)) == "(nothing) (log P = -2.00; 1 word not read)"
