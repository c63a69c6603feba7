"""Predictions of a small checkpoint."""

from warmup.generation import prediction


def predict(folder, records, **options):
    settings = {"task": None, "beams": 1, "batch_size": 7} | options
    return [one.as_row() for one in prediction.predict(folder, records, **settings)]
