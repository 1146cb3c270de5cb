"""The original of an encoder in PyTorch, of real size with random weights. Used only where Python is there.

Reads lines from standard input: each runs the model once. Writes the milliseconds of each run.
Arguments: name of the encoder, tokens, threads.
"""
import sys
import time

import torch
import transformers

name, n, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)
if name == 'modernbert-base':
    config = transformers.ModernBertConfig(vocab_size=1024, pad_token_id=0, bos_token_id=1, eos_token_id=2, cls_token_id=1, sep_token_id=2, max_position_embeddings=16384)
    model = transformers.ModernBertModel(config)
else:
    config = transformers.Gemma3TextConfig(
        vocab_size=1024, hidden_size=768, intermediate_size=1152, num_hidden_layers=24, num_attention_heads=3,
        num_key_value_heads=1, head_dim=256, sliding_window=512, use_bidirectional_attention=True,
        max_position_embeddings=16384)
    model = transformers.Gemma3TextModel(config)
model = model.eval()
ids = (torch.arange(n) * 7919 % 997).unsqueeze(0)
mask = torch.ones_like(ids)
print('ready', flush=True)
with torch.inference_mode():
    for _ in sys.stdin:
        start = time.perf_counter()
        states = model(input_ids=ids, attention_mask=mask).last_hidden_state
        assert torch.isfinite(states).all()
        print(1000 * (time.perf_counter() - start), flush=True)
