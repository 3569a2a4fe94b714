// start.tsx - starts the console.
import { render } from 'preact';
import '../ui/kit';
import { App } from './app';
import { startKeys } from './keys';

const root = document.getElementById('app');
if (root) {
    startKeys();
    render(<App />, root);
}
