/** The plans of a pattern, in the parts in which it is computed, and the orders that were compared. */
import { partsOf, type AttentionPlan, type Pattern, type TriedOrder } from '@attn/core';
import { createPause, finishPolitely, planSteps, type PlanSizes } from '@attn/core/backend';
import { percent } from './terminal/format.ts';

/** Plans each part of a pattern; most patterns have one. */
export async function planParts(
  sizes: PlanSizes,
  pattern: Pattern,
  signal: AbortSignal | undefined,
): Promise<readonly AttentionPlan[]> {
  const pause = createPause(signal, 'cli/plan');
  const plans: AttentionPlan[] = [];
  for (const part of partsOf(sizes, pattern)) plans.push(await finishPolitely(planSteps(sizes, part), pause));
  return plans;
}

/** The orders that were compared for a group, and which one it has. */
interface Orders {
  readonly order: string;
  readonly tried: readonly TriedOrder[];
}

/** The comparisons of all groups, each once. */
export function ordersOf(plans: readonly AttentionPlan[]): readonly Orders[] {
  const groups = plans.flatMap((plan) => plan.groups).filter(({ tried }) => tried.length > 0);
  const orders = groups.map(({ block, tried }): Orders => ({ order: block.stats.order, tried }));
  const texts = orders.map((entry) => JSON.stringify(entry));
  return orders.filter((_, i) => texts.indexOf(texts[i]) === i);
}

/**
 * Lines that say in which parts a pattern is computed, what each order would cost, in per cent of n²
 * (`pairs`), and which one was taken.
 */
export function orderFields(
  plans: readonly AttentionPlan[],
  pairs: number,
): readonly (readonly [name: string, text: string])[] {
  const hasParts = plans.length > 1;
  const orders = plans.flatMap((plan, part) =>
    ordersOf([plan]).map(
      (each) => [hasParts ? `part ${part + 1}` : 'orders', comparisonOf(each, pairs)] as const,
    ),
  );
  return hasParts ? [['parts', `${plans.length}, merged by their log-sum-exp`], ...orders] : orders;
}

/** What each order would cost. The count of one that is dearer, or saves too little, ends early. */
function comparisonOf({ order: best, tried }: Orders, pairs: number): string {
  // What was counted of a lone one is an estimate.
  if (tried.length === 1) return `${best} (no other saves a tenth)`;
  const choice = tried.find(({ order }) => order === best);
  return tried
    .map((each) => {
      const share = `${each.isDearer ? 'over ' : ''}${percent(each.pairs / pairs)}`;
      const savesLittle = each.isDearer && each.pairs < (choice?.pairs ?? 0);
      const why = each === choice ? ' (taken)' : savesLittle ? ' (saves too little)' : '';
      return `${each.order} ${share}${why}`;
    })
    .join(', ');
}
