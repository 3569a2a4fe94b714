// cell.ts - a value that tells its readers when it changes; the only shared state of the console.
import { useEffect, useState } from 'preact/hooks';

export class Cell<T> {
    private value: T;
    private readonly readers = new Set<(value: T) => void>();

    constructor(value: T) {
        this.value = value;
    }

    get(): T {
        return this.value;
    }

    set(value: T): void {
        if (value !== this.value) {
            this.value = value;
            for (const reader of [...this.readers]) {
                reader(value);
            }
        }
    }

    // Returns the function that ends the subscription.
    subscribe(reader: (value: T) => void): () => void {
        this.readers.add(reader);
        return () => {
            this.readers.delete(reader);
        };
    }
}

export function useCell<T>(cell: Cell<T>): T {
    const [value, setValue] = useState(() => cell.get());
    useEffect(() => {
        setValue(() => cell.get());
        return cell.subscribe((next) => setValue(() => next));
    }, [cell]);
    return value;
}
