/**
 * Cairn: saves the parameters of a model that is spread over many ranks as one Hugging Face model folder.
 *
 * <p>What is not exported is not for users, and changes without notice.
 */
module dev.cairn {
  requires java.logging;
  requires jdk.jfr;
  requires com.fasterxml.jackson.core;
  requires org.bytedeco.javacpp;

  // What only some programs need: signals, ranks over Gloo, GPUs, the command line.
  requires static jdk.unsupported;
  requires static org.bytedeco.pytorch;
  requires static org.bytedeco.cuda;
  requires static info.picocli;

  exports dev.cairn;
  exports dev.cairn.comm;
  exports dev.cairn.comm.channel;
  exports dev.cairn.deepspeed;
  exports dev.cairn.device;
  exports dev.cairn.form;
  exports dev.cairn.hf;
  exports dev.cairn.hf.generation;
  exports dev.cairn.kernels;
  exports dev.cairn.layout;
  exports dev.cairn.model;
  exports dev.cairn.options;
  exports dev.cairn.peft;
  exports dev.cairn.peft.merge;
  exports dev.cairn.policy;
  exports dev.cairn.safetensors;
  exports dev.cairn.tensor;
  exports dev.cairn.torch;
}
