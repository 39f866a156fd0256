import { render } from 'preact';
import { App } from './app.jsx';
import { Connection } from './connection.js';
import { applyTheme } from './theme.js';
import 'uplot/dist/uPlot.min.css';
import './base.css';
import './overview.css';
import './pages.css';

applyTheme();
const connection = new Connection();
const root = document.getElementById('app');
root.textContent = '';
render(<App connection={connection} />, root);
connection.start();
