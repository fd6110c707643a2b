import numpy as np
import pytest
import tensorflow as tf

from zoo.training import reinjection_schedules as schedules


@pytest.mark.parametrize(
    ("schedule", "share_of_true_tokens"),
    [
        (schedules.linear(0.01, start=0.1, limit=0.8), lambda i: max(0.2, 0.9 - 0.01 * i)),
        (schedules.exponential(0.99), lambda i: 0.99**i),
        (schedules.inverse_sigmoid(10.0), lambda i: 10 / (10 + np.exp(i / 10))),
    ],
)
def test_the_paper_s_formulas(schedule, share_of_true_tokens):
    for count in (0, 1, 20, 60, 300):
        wanted = 1 - share_of_true_tokens(count)
        np.testing.assert_allclose(schedule(count), wanted, rtol=0, atol=1e-5)
        np.testing.assert_allclose(tf.function(schedule)(tf.constant(count, tf.int64)), wanted, rtol=0, atol=1e-5)


def test_no_count_is_too_large():
    for schedule in (schedules.linear(0.1), schedules.exponential(0.9), schedules.inverse_sigmoid(1.0)):
        assert float(schedule(10**7)) == 1.0


def test_an_epoch_sets_the_rate():
    rate = tf.Variable(-1.0)
    callback = schedules.ReinjectionSchedule(schedules.linear(0.25), rate)
    for epoch, wanted in ((0, 0.0), (3, 0.75), (9, 1.0)):
        callback.on_epoch_begin(epoch)
        assert float(rate) == wanted


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: schedules.linear(-0.1), "slope >= 0"),
        (lambda: schedules.linear(0.1, start=0.5, limit=0.2), "start <= limit <= 1, got 0.1, 0.5 and 0.2"),
        (lambda: schedules.exponential(1.5), "0 < base <= 1, got 1.5"),
        (lambda: schedules.inverse_sigmoid(0.5), "at least 1, got 0.5"),
    ],
)
def test_numbers_out_of_range(make, message):
    with pytest.raises(ValueError, match=message):
        make()
