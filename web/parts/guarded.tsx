import { Component, type ReactNode, Suspense, useEffect } from "react";

interface Props {
  /** What is shown, for screen readers and errors. */
  readonly what: string;
  readonly children: ReactNode;
  /** Tries again when it changes. */
  readonly again?: string;
  /** Called when it is shown, or what is wrong with it. */
  readonly onShown?: () => void;
}

/** Shows a part of the page while it is read, and what is wrong where it cannot be. */
export class Guarded extends Component<Props, { error: Error | null; again: string | undefined }> {
  override state: { error: Error | null; again: string | undefined } = {
    error: null,
    again: this.props.again,
  };

  static getDerivedStateFromError(error: unknown) {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  static getDerivedStateFromProps(props: Props, state: { again: string | undefined }) {
    return props.again === state.again ? null : { error: null, again: props.again };
  }

  override componentDidCatch() {
    this.props.onShown?.();
  }

  override render() {
    const { error } = this.state;
    if (error !== null)
      return (
        <p className="error" role="alert">
          {this.props.what}: {error.message}
        </p>
      );
    return (
      <Suspense
        fallback={
          <p className="reading" role="status">
            Reading {this.props.what} …
          </p>
        }
      >
        {this.props.children}
        {this.props.onShown === undefined ? null : <Shown tell={this.props.onShown} />}
      </Suspense>
    );
  }
}

/** Tells that what stands before it is shown. */
function Shown({ tell }: { tell: () => void }) {
  useEffect(tell, [tell]);
  return null;
}
