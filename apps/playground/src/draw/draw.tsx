/** Draw: choose and combine patterns, look at them, and take them along. */
import { useEffect } from 'preact/hooks';
import { PRESETS } from '../pattern/presets.ts';
import { command, patternJson, typescript } from '../pattern/write.ts';
import { change, page } from '../state/store.ts';
import { MOST_TOKENS } from '../state/url.ts';
import { CopyButton } from '../ui/copy-button.tsx';
import { Select } from '../ui/field.tsx';
import { PatternMap } from './map.tsx';
import { PatternEditor } from './pattern-editor.tsx';
import { followPattern, problem } from './plan-state.ts';
import { Sizes } from './sizes.tsx';
import { Stats } from './stats.tsx';

/** The part Draw. */
export function Draw() {
  useEffect(followPattern, []);
  const { pattern, n, heads } = page.value;
  const preset = PRESETS.findIndex(({ node }) => JSON.stringify(node) === JSON.stringify(pattern));
  const choose = (index: string): void => {
    const { node, n: tokens, heads: count = 1 } = PRESETS[Number(index)];
    change({ pattern: node, n: tokens, heads: count, head: 0 });
  };
  return (
    <div class="two-columns">
      <div class="controls">
        <Select label="Begin with" value={String(preset)} onChange={choose}>
          {preset < 0 && <option value="-1">a pattern of your own</option>}
          {PRESETS.map(({ name, origin }, index) => (
            <option key={name} value={String(index)}>
              {`${name} – ${origin}`}
            </option>
          ))}
        </Select>
        <Sizes most={MOST_TOKENS} />
        <PatternEditor
          node={pattern}
          n={n}
          name="the pattern"
          onChange={(node) => change({ pattern: node })}
        />
      </div>
      <div class="result">
        {problem.value !== undefined && (
          <p class="problem" role="alert">
            {problem.value}
          </p>
        )}
        <PatternMap />
        <Stats />
        <div class="buttons" role="group" aria-label="Take it along">
          <CopyButton label="Copy TypeScript" text={() => typescript(pattern, n)} isPrimary />
          <CopyButton label="Copy JSON" text={() => JSON.stringify(patternJson(pattern, n))} />
          <CopyButton label="Copy command" text={() => command(pattern, { n, heads })} />
          <CopyButton label="Copy link" text={() => location.href} />
        </div>
      </div>
    </div>
  );
}
