/**
 * ONNX Runtime reports to its makers, and keeps files for that in the temporary folder, unless this variable is set when
 * it is loaded. Only the main thread can set it for the process, so that what opens sessions in threads imports this too.
 */
process.env.ORT_DISABLE_TELEMETRY ??= "1";
