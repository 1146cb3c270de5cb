/** What can be looked for in the text: passages, entities, answers, and what a token looks at. */
import { useState } from 'preact/hooks';
import { SizeField } from '../draw/sizes.tsx';
import { Select, TextField } from '../ui/field.tsx';
import { count, duration } from '../ui/format.ts';
import {
  ask,
  choose,
  highlights,
  index,
  lens,
  look,
  lookFrom,
  makeIndex,
  markEntities,
  model,
  search,
  step,
  weights,
  type Look,
} from './read-state.ts';

const TITLES: Readonly<Record<Look, string>> = {
  search: 'Search',
  entities: 'Entities',
  answers: 'Answers',
  attention: 'Attention',
};

/** The choice, and its controls. */
export function LookPicker() {
  const skills: readonly Look[] = [...(model.value?.skills ?? []), 'attention'];
  return (
    <section class="stack" aria-label="Look for">
      <div class="switch" role="group" aria-label="What to look for">
        {skills.map((skill) => (
          <button key={skill} type="button" aria-pressed={look.value === skill} onClick={() => choose(skill)}>
            {TITLES[skill]}
          </button>
        ))}
      </div>
      <Controls look={look.value} />
    </section>
  );
}

function Controls({ look: current }: { readonly look: Look }) {
  switch (current) {
    case 'search':
      return <Search />;
    case 'entities':
      return <Entities />;
    case 'answers':
      return <Answers />;
    case 'attention':
      return <Attention />;
    default:
      return current satisfies never;
  }
}

function Search() {
  const [chunkTokens, setChunkTokens] = useState(64);
  const [query, setQuery] = useState('');
  const isBusy = step.value !== undefined;
  if (index.value === undefined)
    return (
      <div class="stack">
        <p class="note">
          The model reads the text as a whole; each chunk of it becomes a vector that knows what stands around
          it.
        </p>
        <div class="fields">
          <SizeField
            label="Tokens a chunk"
            value={chunkTokens}
            least={1}
            most={4096}
            onChange={setChunkTokens}
          />
        </div>
        <div class="buttons">
          <button type="button" class="primary" disabled={isBusy} onClick={() => void makeIndex(chunkTokens)}>
            Make vectors
          </button>
        </div>
      </div>
    );
  const { chunks, dimensions, tokens, backends, ms } = index.value;
  return (
    <Ask
      label="Search the text"
      button="Search"
      text={query}
      onInput={setQuery}
      onAsk={() => void search(query)}
      note={`${count(chunks.length)} vectors of ${count(dimensions)} numbers from ${count(tokens)} tokens in ${duration(ms)} on ${backends.join(', ')}: ${count((1000 * tokens) / ms)} tokens a second.`}
    />
  );
}

function Entities() {
  const { length } = highlights.value;
  return (
    <div class="buttons">
      <button
        type="button"
        class="primary"
        disabled={step.value !== undefined}
        onClick={() => void markEntities()}
      >
        Mark the entities
      </button>
      <span role="status">{length > 0 ? `${count(length)} entities` : ''}</span>
    </div>
  );
}

function Answers() {
  const [question, setQuestion] = useState('');
  return (
    <Ask
      label="Ask the text"
      button="Ask"
      text={question}
      onInput={setQuestion}
      onAsk={() => void ask(question)}
      note="The answers are pieces of the text; their places are marked in it."
    />
  );
}

interface AskProps {
  readonly label: string;
  readonly button: string;
  readonly text: string;
  readonly note: string;
  readonly onInput: (text: string) => void;
  readonly onAsk: () => void;
}

function Ask({ label, button, text, note, onInput, onAsk }: AskProps) {
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim() !== '') onAsk();
      }}
    >
      <TextField label={label} value={text} onInput={onInput} hint={note} />
      <div class="buttons">
        <button type="submit" class="primary" disabled={step.value !== undefined || text.trim() === ''}>
          {button}
        </button>
      </div>
    </form>
  );
}

function Attention() {
  const { layers = 1, heads = 1 } = weights.value ?? {};
  const again = (next: typeof lens.value): void => {
    lens.value = next;
    const current = weights.value;
    const span = current?.offsets[current.token];
    if (span) void lookFrom(span[0]);
  };
  const numbers = (length: number): readonly number[] => Array.from({ length }, (_, i) => i);
  return (
    <div class="stack">
      <p class="note">
        Choose a word of the text by the mouse, or by Enter and the arrows. The darker a word, the more the
        chosen one looks at it.
      </p>
      {weights.value && (
        <div class="fields">
          <Select
            label="Layer"
            value={String(lens.value.layer)}
            onChange={(layer) => again({ ...lens.value, layer: Number(layer) })}
          >
            {numbers(layers).map((layer) => (
              <option key={layer} value={String(layer)}>
                {String(layer + 1)}
              </option>
            ))}
          </Select>
          <Select
            label="Head"
            value={String(lens.value.head ?? '')}
            onChange={(head) =>
              again({ layer: lens.value.layer, head: head === '' ? undefined : Number(head) })
            }
          >
            <option value="">the mean of all</option>
            {numbers(heads).map((head) => (
              <option key={head} value={String(head)}>
                {String(head + 1)}
              </option>
            ))}
          </Select>
        </div>
      )}
    </div>
  );
}
