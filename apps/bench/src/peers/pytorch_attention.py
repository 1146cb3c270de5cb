"""Attention in PyTorch: scaled_dot_product_attention, or FlexAttention compiled for this CPU.

Argument: a call as JSON, with `form`, `threads`, `shape`, `folder` and `pattern`. The folder has q, k and v as f32.
Reads lines from standard input: `run` computes and answers with a line; `save` writes the last result to the folder.
"""
import json
import sys
from pathlib import Path

import torch
from torch.nn.attention.flex_attention import create_block_mask, flex_attention
from torch.nn.functional import scaled_dot_product_attention

call = json.loads(sys.argv[1])
folder, pattern = Path(call['folder']), call['pattern']
torch.set_num_threads(call['threads'])


def read(name):
    data = bytearray((folder / name).read_bytes())
    return torch.frombuffer(data, dtype=torch.float32).reshape(call['shape'])


q, k, v = read('q'), read('k'), read('v')
n = call['shape'][2]


def is_allowed(_batch, _head, query, key):
    if pattern['kind'] == 'causal':
        return key <= query
    return (key >= query - pattern['before']) & (key <= query + pattern['after'])


if call['form'] == 'sdpa':
    def compute():
        return scaled_dot_product_attention(q, k, v, is_causal=pattern['kind'] == 'causal')
else:
    mask = None if pattern['kind'] == 'dense' else create_block_mask(is_allowed, None, None, n, n, device='cpu')
    compiled = torch.compile(flex_attention)

    def compute():
        return compiled(q, k, v, block_mask=mask)

with torch.inference_mode():
    result = compute()
    print('ready', flush=True)
    for line in sys.stdin:
        if line.strip() == 'run':
            result = compute()
        else:
            (folder / 'out').write_bytes(result.contiguous().numpy().tobytes())
        print('done', flush=True)
