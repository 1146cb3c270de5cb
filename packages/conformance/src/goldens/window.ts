/**
 * Goldens of sliding-window attention: symmetric or not, causal,
 * dilated (also per head), with global tokens, padded.
 */
import { and, causal, globalTokens, or, slidingWindow } from '@attn/core';
import { attentionCall } from './dense.ts';
import type { Golden, GoldenCall } from './golden.ts';

/** One attention node: the window, or the global tokens; causality restricts both. */
export function windowCall(golden: Golden): GoldenCall {
  const {
    left: before,
    right: after,
    dilation,
    causal: isCausal,
    scale,
  } = golden.entry.config as WindowConfig;
  const window = slidingWindow({ before, after, dilation });
  const reach = golden.optional('in.global_mask') ? or(window, globalTokens()) : window;
  return attentionCall(golden, { pattern: isCausal ? and(reach, causal()) : reach, scale });
}

interface WindowConfig {
  readonly left: number;
  readonly right: number;
  readonly dilation: number | readonly number[];
  readonly causal: boolean;
  readonly scale: number;
}
