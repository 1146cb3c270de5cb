"""The original LED in PyTorch generates a text, and prints what its steps took. Used only where Python is there.

Argument: a task as JSON, with `folder`, `threads`, `length`, `steps` and `beams` as in `generate-process.ts`.
"""
import json
import resource
import sys
import time

import torch
import transformers

task = json.loads(sys.argv[1])
torch.set_num_threads(task['threads'])
transformers.logging.set_verbosity_error()
model = transformers.LEDForConditionalGeneration.from_pretrained(task['folder']).eval()
ids = (4 + torch.arange(task['length']) * 7919 % 997).unsqueeze(0)
all_seen = torch.ones_like(ids)
first_global = torch.zeros_like(ids)
first_global[0, 0] = 1
encoder_options = dict(input_ids=ids, attention_mask=all_seen, global_attention_mask=first_global)
times = []
start = time.perf_counter()


class Clock(transformers.LogitsProcessor):
    """Notes the time of each step."""

    def __call__(self, input_ids, scores):
        global start
        times.append(1000 * (time.perf_counter() - start))
        start = time.perf_counter()
        return scores


with torch.inference_mode():
    if task['steps'] == 0:
        states = model.get_encoder()(**encoder_options).last_hidden_state
        assert torch.isfinite(states).all()
        times.append(1000 * (time.perf_counter() - start))
    else:
        length = task['steps'] + 1
        model.generate(
            **encoder_options, min_new_tokens=length, max_new_tokens=length, do_sample=False,
            num_beams=task['beams'], logits_processor=transformers.LogitsProcessorList([Clock()]))
peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({'first': times[0], 'steps': times[1:], 'peak': peak}))
