// boundary.tsx - a page that cannot be drawn says so; the frame around it keeps working.
import type { ComponentChildren } from 'preact';
import { Component } from 'preact';
import { asApiError } from '../app/resource';
import { ProblemBox } from './basics';

interface Props {
    children: ComponentChildren;
}

export class Boundary extends Component<Props, { error: unknown }> {
    override state: { error: unknown } = { error: undefined };

    override componentDidCatch(error: unknown): void {
        console.error(error);
        this.setState({ error });
    }

    override render(): ComponentChildren {
        return this.state.error === undefined ? this.props.children : (
            <ProblemBox error={asApiError(this.state.error)} retry={() => this.setState({ error: undefined })} />
        );
    }
}
