"""Vectors of rows of ids by a model that `attn export` wrote: the mean of the states of each row.

    python embed.py model.onnx ids.json

`ids.json` is a list of rows, each of exactly as many ids as the file takes.
"""

import json
import sys

import numpy as np
import onnxruntime


def open_model(path):
    """Opens the file; one session serves all rows of a process."""
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def embed(session, rows):
    """A vector for each row: [rows, hidden]."""
    batch, length = session.get_inputs()[0].shape
    if batch != 1 or any(len(row) != length for row in rows):
        raise ValueError(f"expected rows of {length} ids, in a file of batch 1, got batch {batch}")
    vectors = []
    for row in rows:
        (states,) = session.run(["last_hidden_state"], {"input_ids": np.array([row], np.int32)})
        vectors.append(states[0].mean(axis=0))
    return np.stack(vectors) if vectors else np.zeros((0, 0), np.float32)


def embed_partition(frames, path="model.onnx"):
    """For Spark: `data.mapInPandas(embed_partition, "id string, vector array<float>")`, of columns id and ids."""
    session = open_model(path)
    for frame in frames:
        vectors = embed(session, [list(ids) for ids in frame["ids"]])
        yield frame[["id"]].assign(vector=[vector.tolist() for vector in vectors])


if __name__ == "__main__":
    model, ids = sys.argv[1:]
    with open(ids, encoding="utf-8") as file:
        print(json.dumps(embed(open_model(model), json.load(file)).tolist()))
