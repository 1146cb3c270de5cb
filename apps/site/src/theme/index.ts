/** VitePress' theme, with buttons that run programs. */
import type { Theme } from 'vitepress';
import { withBase } from 'vitepress';
import DefaultTheme from 'vitepress/theme';
import { runProgram } from './run-program.ts';
import './style.css';

const theme: Theme = {
  extends: DefaultTheme,
  enhanceApp() {
    if (typeof document !== 'undefined') document.addEventListener('click', onClick);
  },
};

export default theme;

/** Runs the program of a button, and shows what it prints beside it. */
async function onClick({ target }: MouseEvent): Promise<void> {
  const button = target instanceof Element ? target.closest<HTMLButtonElement>('[data-program]') : null;
  const output = button?.parentElement?.querySelector('output');
  if (!button || !output) return;
  button.disabled = true;
  output.textContent = '';
  output.dataset.state = 'running';
  try {
    const program = decodeURIComponent(button.dataset.program ?? '');
    await runProgram(withBase('/run/frame.html'), program, (line) => output.append(`${line}\n`));
    output.dataset.state = 'done';
  } catch (error) {
    output.append(String(error));
    output.dataset.state = 'failed';
  } finally {
    button.disabled = false;
  }
}
