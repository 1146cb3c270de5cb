/** Masks of a plan, each stored once. */
import { MASK_WORDS, TILE } from './block-plan.ts';
import { SPAN_MASK } from './span-mask.ts';
import { countBits } from './tile-mask.ts';

/** A growing table of distinct masks with their numbers of allowed pairs. */
export class MaskStore {
  private words: Uint32Array = new Uint32Array(16 * MASK_WORDS);
  private readonly counts: number[] = [];
  private readonly byHash = new Map<number, number[]>();

  get size(): number {
    return this.counts.length;
  }

  /** Allowed pairs of a stored mask. */
  count(mask: number): number {
    return this.counts[mask];
  }

  /**
   * The index of an equal mask, stored now if it is new; `SPAN_MASK.full` when all 64×64 bits are set, and
   * `SPAN_MASK.empty` when none is.
   */
  add(mask: Uint32Array): number {
    const count = countBits(mask);
    if (count === 0) return SPAN_MASK.empty;
    if (count === TILE * TILE) return SPAN_MASK.full;
    const hash = hashWords(mask);
    const candidates = this.byHash.get(hash);
    for (const candidate of candidates ?? []) if (this.equals(candidate, mask)) return candidate;
    const index = this.counts.length;
    this.counts.push(count);
    if (candidates === undefined) this.byHash.set(hash, [index]);
    else candidates.push(index);
    if ((index + 1) * MASK_WORDS > this.words.length) {
      const grown = new Uint32Array(this.words.length * 2);
      grown.set(this.words);
      this.words = grown;
    }
    this.words.set(mask, index * MASK_WORDS);
    return index;
  }

  /** All masks in one array, trimmed. */
  toArray(): Uint32Array {
    return this.words.slice(0, this.size * MASK_WORDS);
  }

  private equals(index: number, mask: Uint32Array): boolean {
    const base = index * MASK_WORDS;
    for (let i = 0; i < MASK_WORDS; i++) if (this.words[base + i] !== mask[i]) return false;
    return true;
  }
}

function hashWords(words: Uint32Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < words.length; i++) {
    hash = Math.imul(hash ^ words[i], 0x01000193);
    hash ^= hash >>> 15;
  }
  return hash;
}
