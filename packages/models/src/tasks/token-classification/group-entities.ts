/**
 * Groups of neighbouring tokens or words of one entity. A token goes on with the group before it when it has
 * the same type, does not begin an entity (B, S), and the group has not been ended (E, S). A label without a
 * tag is a type of its own that goes on, `O` too.
 */
import type { Tags } from './options.ts';
import type { Tagged } from './tagged-words.ts';

/** A group of tokens. */
export interface Group {
  readonly type: string;
  readonly score: number;
  /** The place of its first token. */
  readonly from: number;
  /** The place after its last token. */
  readonly to: number;
}

/** The groups of neighbours. A label whose tag is not known goes on, with labels of the same name only. */
export function groupEntities(words: readonly Tagged[], tags: Tags): readonly Group[] {
  const groups: Tagged[][] = [];
  let open: string | undefined;
  for (const word of words) {
    const { label } = word;
    const tag = /^[BIES]-/.test(label) && tags.includes(label[0]) ? label[0] : undefined;
    const name = tag === undefined ? label : typeOf(label);
    if (open === name && tag !== 'B' && tag !== 'S') {
      groups[groups.length - 1].push(word);
      if (tag === 'E') open = undefined;
    } else {
      groups.push([word]);
      // E without a beginning begins a group, which may go on.
      open = tag === 'S' ? undefined : name;
    }
  }
  return groups.map((own) => ({
    type: typeOf(own[0].label),
    score: own.reduce((sum, { score }) => sum + score, 0) / own.length,
    from: own[0].from,
    to: own[own.length - 1].to,
  }));
}

/** A label without its tag. */
function typeOf(label: string): string {
  return label.replace(/^[BIES]-/, '');
}
