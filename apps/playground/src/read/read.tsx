/** Read: a model, a text, and what the model makes of it. */
import { Progress } from '../ui/progress.tsx';
import { LookPicker } from './looks.tsx';
import { ModelPicker } from './model-picker.tsx';
import { book, model, problem, step, stop } from './read-state.ts';
import { TextPicker } from './text-picker.tsx';
import { TextView } from './text-view.tsx';

/** The part Read. */
export function Read() {
  return (
    <div class="two-columns">
      <div class="controls">
        <ModelPicker />
        <TextPicker />
      </div>
      <div class="result">
        {step.value && <Progress {...step.value} onStop={() => void stop()} />}
        {problem.value !== undefined && (
          <p class="problem" role="alert">
            {problem.value}
          </p>
        )}
        {model.value && book.value && <LookPicker />}
        {book.value ? <TextView /> : <p class="faint">Load a model, then open a text.</p>}
      </div>
    </div>
  );
}
