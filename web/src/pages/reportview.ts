// reportview.ts - a report of the server as elements of ours: text and the few tags below, nothing else of what came.
import type { ComponentChild } from 'preact';
import { h } from 'preact';

const TAGS = new Set(['h2', 'h3', 'h4', 'p', 'table', 'caption', 'thead', 'tbody', 'tfoot', 'tr', 'th', 'td', 'ul', 'ol', 'li', 'strong', 'em', 'b', 'i',
    'dl', 'dt', 'dd', 'section', 'header', 'footer', 'div', 'span', 'small', 'code', 'br', 'hr', 'figure', 'figcaption']);
const CLASSES = new Set(['by', 'n', 'tile', 'tiles']);
const NODES_MAX = 20_000;
const DEPTH_MAX = 32;

interface Walk {
    left: number;
}

// Links lead within the console alone.
function link(element: Element): string | undefined {
    const to = element.getAttribute('href') ?? '';
    const at = to.indexOf('#/');
    return at >= 0 && !/["<>\s]/.test(to.slice(at)) ? to.slice(at) : undefined;
}

function children(node: Node, walk: Walk, depth: number): ComponentChild[] {
    return [...node.childNodes].map((child) => view(child, walk, depth + 1));
}

function view(node: Node, walk: Walk, depth: number): ComponentChild {
    if (walk.left-- <= 0 || depth > DEPTH_MAX) {
        return null;
    }
    if (node.nodeType === 3) { // text
        return node.nodeValue;
    }
    if (node.nodeType !== 1) {
        return null;
    }
    const element = node as Element;
    const tag = element.tagName.toLowerCase();
    if (['script', 'style', 'head', 'title', 'iframe', 'object', 'svg'].includes(tag)) {
        return null;
    }
    const inside = children(element, walk, depth);
    if (tag === 'a') {
        const to = link(element);
        return to === undefined ? h('span', null, inside) : h('a', { href: to }, inside);
    }
    const mapped = tag === 'h1' ? 'h2' : tag; // the page has its own h1
    if (!TAGS.has(mapped)) {
        return inside;
    }
    const kept = element.getAttribute('class') ?? '';
    const props = {
        ...(mapped === 'th' ? { scope: element.getAttribute('scope') === 'row' ? 'row' : 'col' } : {}),
        ...(CLASSES.has(kept) ? { class: `report-${kept}` } : {}),
    };
    return h(mapped, props, mapped === 'br' || mapped === 'hr' ? null : inside);
}

export function reportView(html: string): ComponentChild[] {
    // Parsing runs and loads nothing; the report's own style would only be complained about by the page's policy.
    const parsed = new DOMParser().parseFromString(html.replace(/<style[\s\S]*?<\/style>|\sstyle="[^"]*"/gi, ''), 'text/html');
    return children(parsed.body, { left: NODES_MAX }, 0);
}
