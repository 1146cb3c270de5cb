/** Starts the page. */
import { render } from 'preact';
import { App } from './app.tsx';
import { keepForOffline } from './state/offline.ts';
import { followAddress } from './state/store.ts';

followAddress();
const place = document.getElementById('page');
if (place === null) throw new Error('expected the element #page, got none');
render(<App />, place);
keepForOffline();
