/** What to use instead, for those who know attention's masks by the names and shapes of other libraries. */

/** What says which keys and which pairs are visible. */
const MASKS =
  'a mask of keys, such as padding, is keyMask [batch, keys], true where a key is visible; ' +
  'which query sees which key is the pattern, such as causal(), segments(), blockSparse() or where(); a bias of −∞ hides a single pair';

const INSTEAD: ReadonlyMap<string, string> = new Map([
  ...['mask', 'attnmask', 'attentionmask', 'attnbias'].map((name) => [name, MASKS] as const),
  ...['causal', 'iscausal'].map((name) => [name, 'write pattern: causal()'] as const),
  ...['window', 'windowsize', 'slidingwindow', 'attentionwindow'].map(
    (name) => [name, 'write pattern: slidingWindow({ before, after })'] as const,
  ),
]);

/** What to use instead of an input or option of this name, `attn_mask` for example; undefined when nothing is known of it. */
export function insteadOf(name: string): string | undefined {
  return INSTEAD.get(name.replace(/[_-]/g, '').toLowerCase());
}

/** What to use for a mask that came as a `keyMask` of the shape of pairs, or as a `bias` of truth values. */
export const MASK_ADVICE: string = MASKS;
