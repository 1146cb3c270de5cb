/**
 * Core's plans against the definition of each pattern: those of attention cases, by default half of them,
 * and random ones.
 */
import { expect, test } from 'vitest';
import { attentionCaseList } from './cases/attention.cases.ts';
import { isWholeRun } from './environment.ts';
import { planProblem } from './plan-check.ts';
import { checkPlans } from './properties/index.ts';
import { isInPart } from './select.ts';

const cases = isWholeRun()
  ? attentionCaseList
  : attentionCaseList.filter(({ id }) => isInPart({ part: 0, of: 2 }, id));

test(
  'the plan of an attention case computes each allowed pair once and no other',
  { timeout: 60_000 },
  () => {
    for (const { id, params, build } of cases) {
      if (params.rows !== undefined) continue; // hundreds of millions of pairs
      const { graph, inputs, again } = build();
      for (const node of graph.nodes) {
        if (node.op !== 'attention') continue;
        for (const fed of [inputs, again]) expect(planProblem(fed, node.attributes), id).toBeUndefined();
      }
    }
  },
);

test('so do plans of random patterns', { timeout: 60_000 }, () => checkPlans());
