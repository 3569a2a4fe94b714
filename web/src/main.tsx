// main.tsx - starts the console.
import { render } from 'preact';
import './styles/main.css';
import './ui/kit';
import { App } from './app/app';
import { startKeys } from './app/keys';

const root = document.getElementById('app');
if (root) {
    startKeys();
    render(<App />, root);
}
