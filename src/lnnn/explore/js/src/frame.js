/**
 * Wraps `work` so that it runs at once when asked, and at most once a frame: what is asked for
 * meanwhile runs once more at the next frame.
 */
export function oncePerFrame(work) {
  let waiting = 0;
  let again = false;
  function run() {
    waiting = requestAnimationFrame(() => {
      waiting = 0;
      if (!again) return;
      again = false;
      run();
    });
    work();
  }
  function ask() {
    if (waiting) again = true;
    else run();
  }
  ask.cancel = () => {
    cancelAnimationFrame(waiting);
    [waiting, again] = [0, false];
  };
  return ask;
}
