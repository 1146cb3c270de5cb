/**
 * Joins the groups of the windows of a text, as the original does with `stride`: of groups that overlap, the
 * longest stays, of equally long ones that of the largest score.
 */
import type { EntityGroup } from './entities.ts';
import { lengthOf } from './text-tokens.ts';

/** The groups of all windows, in the order of the windows, as one list. */
export function mergeWindows(text: string, groups: readonly EntityGroup[]): readonly EntityGroup[] {
  const merged: EntityGroup[] = [];
  for (const group of groups.toSorted((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last === undefined || group.start >= last.end) merged.push(group);
    else if (isBetter(text, group, last)) merged[merged.length - 1] = group;
  }
  return merged;
}

function isBetter(text: string, a: EntityGroup, b: EntityGroup): boolean {
  const [length, other] = [a, b].map(({ start, end }) => lengthOf(text.slice(start, end)));
  return length > other || (length === other && a.score > b.score);
}
