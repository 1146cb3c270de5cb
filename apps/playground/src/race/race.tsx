/** Race: the pattern on every backend of this browser, and dense attention beside it. */
import { proxy } from 'comlink';
import { signal } from '@preact/signals';
import { engineOf, isAborted, sentenceOf, whileRunning } from '../engine/client.ts';
import { BACKENDS, type BackendName } from '../engine/backends.ts';
import type { RaceReport, RaceStep } from '../engine/race-engine.ts';
import { SizeField } from '../draw/sizes.tsx';
import { patternJson } from '../pattern/write.ts';
import { kindOf } from '../pattern/kinds.ts';
import { page } from '../state/store.ts';
import { Check } from '../ui/field.tsx';
import { Progress } from '../ui/progress.tsx';
import { canMeasureMemory, tabMemory } from './tab-memory.ts';
import { Chart } from './chart.tsx';
import { Results } from './results.tsx';

/** The most tokens that are raced: their tensors must fit into a tab. */
const MOST_TOKENS = 2 ** 17;

const NAMES: Readonly<Record<BackendName, string>> = {
  webgpu: 'WebGPU',
  wasm: 'WebAssembly',
  onnx: 'ONNX Runtime (14 MB)',
  cpu: 'plain JavaScript',
};

const sizes = signal({ n: Math.min(page.value.n, 4096), heads: 2, headDim: 64, mostSeconds: 10 });
const chosen = signal<readonly BackendName[]>(BACKENDS);
const withDense = signal(true);
const withMemory = signal(false);
const step = signal<RaceStep>();
const report = signal<RaceReport>();
const problem = signal<string>();

async function start(): Promise<void> {
  const { n, heads, headDim, mostSeconds } = sizes.value;
  let isOver = false;
  problem.value = undefined;
  step.value = { what: 'starting', done: 0, total: 0, rows: [] };
  try {
    report.value = await engineOf('race').race(
      {
        pattern: patternJson(page.value.pattern, n),
        n,
        heads,
        headDim,
        backends: BACKENDS.filter((name) => chosen.value.includes(name)),
        dense: withDense.value,
        mostMs: 1000 * mostSeconds,
      },
      whileRunning(
        () => isOver,
        (next: RaceStep) => {
          step.value = next;
        },
      ),
      withMemory.value ? proxy(tabMemory) : undefined,
    );
  } catch (error) {
    if (!isAborted(error)) problem.value = sentenceOf(error);
  } finally {
    isOver = true;
    step.value = undefined;
  }
}

/** The part Race. */
export function Race() {
  const { n, heads, headDim, mostSeconds } = sizes.value;
  const set = (part: Partial<typeof sizes.value>): void => void (sizes.value = { ...sizes.value, ...part });
  const choose = (name: BackendName, isOn: boolean): void => {
    chosen.value = isOn ? [...chosen.value, name] : chosen.value.filter((other) => other !== name);
  };
  const isRunning = step.value !== undefined;
  return (
    <div class="two-columns">
      <form
        class="controls"
        onSubmit={(event) => {
          event.preventDefault();
          void start();
        }}
      >
        <p>
          The pattern is the one in <a href="#draw">Draw</a>:{' '}
          <strong>{kindOf(page.value.pattern.type).title}</strong>.
        </p>
        <div class="fields">
          <SizeField
            label="Tokens (n)"
            value={n}
            least={1}
            most={MOST_TOKENS}
            onChange={(value) => set({ n: value })}
          />
          <SizeField
            label="Heads"
            value={heads}
            least={1}
            most={64}
            onChange={(value) => set({ heads: value })}
          />
          <SizeField
            label="Head dim"
            value={headDim}
            least={1}
            most={512}
            onChange={(value) => set({ headDim: value })}
          />
          <SizeField
            label="Most seconds a run"
            value={mostSeconds}
            least={1}
            most={600}
            onChange={(value) => set({ mostSeconds: value })}
          />
        </div>
        <fieldset class="choices">
          <legend>Backends</legend>
          {BACKENDS.map((name) => (
            <Check
              key={name}
              label={NAMES[name]}
              isOn={chosen.value.includes(name)}
              onChange={(isOn) => choose(name, isOn)}
            />
          ))}
        </fieldset>
        <Check
          label="Dense attention beside it"
          isOn={withDense.value}
          onChange={(isOn) => void (withDense.value = isOn)}
        />
        {canMeasureMemory && (
          <Check
            label="Memory of the tab (seconds more for each)"
            isOn={withMemory.value}
            onChange={(isOn) => void (withMemory.value = isOn)}
          />
        )}
        <div class="buttons">
          <button type="submit" class="primary" disabled={isRunning || chosen.value.length === 0}>
            Race
          </button>
        </div>
        <p class="note">
          Each runs once to warm up, then three times in turns with the others of its backend; the fastest
          round counts. What is predicted to take longer than the limit is left out.
        </p>
      </form>
      <div class="result">
        {step.value && (
          <Progress
            what={step.value.what}
            done={step.value.done}
            total={step.value.total}
            onStop={() => void engineOf('race').stopRace()}
          />
        )}
        {step.value && <Chart rows={step.value.rows} />}
        {problem.value !== undefined && (
          <p class="problem" role="alert">
            {problem.value}
          </p>
        )}
        {!isRunning && report.value && <Results report={report.value} />}
        {!isRunning && report.value === undefined && problem.value === undefined && (
          <p class="faint">Press Race. The first race measures the machine for a moment.</p>
        )}
      </div>
    </div>
  );
}
