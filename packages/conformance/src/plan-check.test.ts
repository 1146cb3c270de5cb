/** Core's plans against the definition of each pattern: those of all attention cases, and random ones. */
import { expect, test } from 'vitest';
import { attentionCaseList } from './cases/attention.cases.ts';
import { planProblem } from './plan-check.ts';
import { checkPlans } from './properties/index.ts';

test(
  'the plan of every attention case computes each allowed pair once and no other',
  { timeout: 60_000 },
  () => {
    for (const { id, params, build } of attentionCaseList) {
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
