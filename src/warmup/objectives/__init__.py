"""Training objectives, one file each: pure functions of log-probabilities.

A module here has
    MIN_SAMPLES  how many warmups per example it needs (0: it knows no warmup), and
    loss(s, l, **settings)  the loss of each example [B], from s = log P(c_n|x) and
                            l = log P(y|x,c_n), both [B, N].
Its name is the `objective` of the configuration.
"""
