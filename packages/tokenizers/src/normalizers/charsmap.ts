/**
 * sentencepiece's table of replacements, "precompiled_charsmap": the length of a double-array trie in
 * bytes, the trie (Darts-clone's, https://github.com/s-yata/darts-clone), and the replacements as UTF-8
 * texts that end with a zero byte.
 */
import { malformed } from '../errors.ts';
import { STRIDE } from '../steps.ts';
import { AlignedBuilder, type Aligned } from '../text/aligned.ts';
import { unitsAt } from '../text/units.ts';
import { utf8Byte, utf8Length } from '../text/characters.ts';
import type { Normalizer } from './normalizer.ts';

/** A rule that fits a text at a place. */
export interface CharsmapMatch {
  /** Where the text ends that the rule replaces. */
  readonly end: number;
  readonly replacement: string;
}

/** Longest texts of rules, in bytes. Those of real tables have some 30. */
const LONGEST = 1_000;

/** The rules of a table. */
export class Charsmap {
  /** The table as the file has it. */
  readonly bytes: Uint8Array;
  private readonly units: Uint32Array;
  private readonly texts: Uint8Array;
  private readonly replacements = new Map<number, string>();

  /** Reads a table. Errors: `MALFORMED_FILE`. */
  constructor(bytes: Uint8Array, file: string) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const size = bytes.length < 4 ? NaN : view.getUint32(0, true);
    if (!(size <= bytes.length - 4) || size % 4 !== 0 || size === 0)
      throw malformed(file, `the charsmap of ${bytes.length} bytes says that ${size} of them are its trie`);
    this.bytes = bytes;
    this.units = Uint32Array.from({ length: size / 4 }, (_, i) => view.getUint32(4 + 4 * i, true));
    this.texts = bytes.subarray(4 + size);
    checkTexts(this.texts, file);
    for (const unit of this.units) {
      const text = unit & 0x7fffffff;
      if (unit >>> 31 === 1 && text >= this.texts.length)
        throw malformed(file, `the charsmap has no replacement at byte ${text} of ${this.texts.length}`);
    }
  }

  /**
   * The longest rule that fits a text at a place. A return and a line feed that become a space each are one
   * break.
   */
  matchAt(text: string, from: number): CharsmapMatch | undefined {
    const match = this.longest(text, from);
    const isBreak = match?.end === from + 1 && match.replacement === ' ' && text.startsWith('\r\n', from);
    return isBreak && this.longest(text, from + 1)?.replacement === ' '
      ? { end: from + 2, replacement: ' ' }
      : match;
  }

  private longest(text: string, from: number): CharsmapMatch | undefined {
    const { units } = this;
    let node = offsetOf(units[0]);
    let value = -1;
    let end = -1;
    const most = Math.min(text.length, from + LONGEST);
    for (let index = from; index < most;) {
      const next = index + unitsAt(text, index);
      const code = text.codePointAt(index) ?? 0;
      const bytes = utf8Length(code);
      let unit = 0;
      for (let i = 0; i < bytes; i++) {
        const byte = utf8Byte(code, bytes, i);
        const at = (node ^ byte) >>> 0;
        unit = at < units.length ? units[at] : 0;
        if ((unit & 0x800000ff) >>> 0 !== byte || byte === 0) return this.match(value, end);
        node = (at ^ offsetOf(unit)) >>> 0;
      }
      index = next;
      if (((unit >>> 8) & 1) === 1 && node < units.length) {
        value = units[node] & 0x7fffffff;
        end = index;
      }
    }
    return this.match(value, end);
  }

  private match(value: number, end: number): CharsmapMatch | undefined {
    if (end === -1) return undefined;
    let replacement = this.replacements.get(value);
    if (replacement === undefined) {
      const text = this.texts.subarray(value, this.texts.indexOf(0, value));
      replacement = new TextDecoder('utf-8', { ignoreBOM: true }).decode(text);
      this.replacements.set(value, replacement);
    }
    return { end, replacement };
  }
}

/** Every text must end, and soon. Errors: `MALFORMED_FILE`. */
function checkTexts(texts: Uint8Array, file: string): void {
  let start = 0;
  for (const [i, byte] of texts.entries()) {
    if (byte === 0) start = i + 1;
    if (i - start > LONGEST)
      throw malformed(file, `the charsmap has a replacement of more than ${LONGEST} bytes`);
  }
  if (start !== texts.length) throw malformed(file, 'the last replacement of the charsmap has no end');
}

function offsetOf(unit: number): number {
  return ((unit >>> 10) << ((unit & 512) >>> 6)) >>> 0;
}

/**
 * Adds the replacement of the units from `from` to `to`: character j has the span of source character j.
 * The last one covers what is left of the source; those that are more than the source share the span of its
 * last.
 */
export function addReplacement(
  builder: AlignedBuilder,
  source: Aligned,
  from: number,
  to: number,
  text: string,
): void {
  let index = from;
  for (let at = 0; at < text.length;) {
    const next = at + unitsAt(text, at);
    const end = index + unitsAt(source.text, index);
    const covered = next === text.length ? to : end;
    builder.addText(text.slice(at, next), source.startAt(index), source.endBefore(covered));
    if (end < to) index = end;
    at = next;
  }
}

/**
 * The normalizer `Precompiled`: the longest rule at each place, as sentencepiece has it. Hugging Face's own
 * looks at whole grapheme clusters instead and misses rules.
 */
export function precompiled(charsmap: Charsmap): Normalizer {
  return function* (source) {
    const { text } = source;
    const builder = new AlignedBuilder(text.length);
    let isChanged = false;
    let paused = 0;
    for (let from = 0; from < text.length;) {
      const match = charsmap.matchAt(text, from);
      const end = match?.end ?? from + unitsAt(text, from);
      if (match === undefined) builder.addSlice(source, from, end);
      else addReplacement(builder, source, from, end, match.replacement);
      isChanged ||= match !== undefined;
      from = end;
      if (from - paused > STRIDE) {
        paused = from;
        yield;
      }
    }
    return isChanged ? builder.finish(source.origin) : source;
  };
}
