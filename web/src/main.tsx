// main.tsx - the language first, then the console.
import './styles/main.css';
import { speak, wantedHere } from './app/words';

void speak(wantedHere()).then(() => import('./app/start'));
