package dev.cairn.comm.control;

import java.net.ProtocolException;

/** The collectives of the control channel; every rank of a round calls the same one. */
public enum Collective {
  ALL_GATHER(1, "allGather"),
  BROADCAST(2, "broadcast"),
  GATHER(3, "gather");

  private final byte code;
  private final String call;

  Collective(int code, String call) {
    this.code = (byte) code;
    this.call = call;
  }

  /** Returns the number that stands for it in frames. */
  byte code() {
    return code;
  }

  static Collective of(int code) throws ProtocolException {
    for (Collective collective : values()) {
      if (collective.code == code) {
        return collective;
      }
    }
    throw new ProtocolException("malformed frame: collective=" + code);
  }

  @Override
  public String toString() {
    return call;
  }
}
