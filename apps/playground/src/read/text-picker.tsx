/** Where the text comes from: the clipboard, a file, or the novel that is beside the page. */
import { useState } from 'preact/hooks';
import { TextField } from '../ui/field.tsx';
import { count } from '../ui/format.ts';
import { book, open, problem } from './read-state.ts';

async function openNovel(): Promise<void> {
  try {
    const response = await fetch(new URL('./books/moby-dick.txt', document.baseURI));
    if (!response.ok) throw new Error(`the novel is not beside this page (status ${response.status})`);
    open('Moby-Dick', await response.text());
  } catch (error) {
    problem.value = error instanceof Error ? error.message : String(error);
  }
}

async function openFile(file: File | undefined): Promise<void> {
  if (file !== undefined) open(file.name, await file.text());
}

/** The controls of the text. */
export function TextPicker() {
  const [pasted, setPasted] = useState('');
  const [isOver, setOver] = useState(false);
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    void openFile(event.dataTransfer?.files[0]);
  };
  return (
    <section class="stack" aria-labelledby="text-title">
      <h2 id="text-title">2 · Text</h2>
      <div
        class={isOver ? 'drop over' : 'drop'}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        <TextField label="Paste a text, or drop a .txt here" value={pasted} onInput={setPasted} lines={4} />
        <div class="buttons">
          <button type="button" disabled={pasted.trim() === ''} onClick={() => open('Your text', pasted)}>
            Open it
          </button>
          <button type="button" onClick={() => void openNovel()}>
            Open Moby-Dick
          </button>
        </div>
        <div class="field">
          <label for="text-file">Or a file</label>
          <input
            id="text-file"
            type="file"
            accept=".txt,text/plain"
            onChange={(event) => void openFile(event.currentTarget.files?.[0])}
          />
        </div>
      </div>
      {book.value && (
        <p role="status" id="text-facts">
          <strong>{book.value.name}</strong>
          <span class="faint">{`, ${count(book.value.text.length)} characters`}</span>
        </p>
      )}
    </section>
  );
}
