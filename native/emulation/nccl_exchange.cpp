// What collectives do once their stream gets to them.

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <functional>

#include "emulated_runtime.h"
#include "nccl.h"

namespace emulation {

size_t TypeBytes(int32_t type) {
  return type <= 1                ? 1
         : type == 6 || type == 9 ? 2
         : type <= 3 || type == 7 ? 4
                                  : 8;
}

void SetAsyncError(Communicator* self, Result error, const std::string& text) {
  if (self->async_error == 0) {
    fprintf(stderr, "NCCL emulation: %s\n", text.c_str());
    self->text = text;
    self->async_error = error;
  }
}

namespace {

// A peer that has died is noticed, one that has stopped is not.
void LookForPeers(Communicator* self) {
  for (int peer = 0; peer < self->size; ++peer) {
    const int pid = self->shared->ranks[peer].pid;
    if (pid != 0 && kill(pid, 0) != 0 && errno == ESRCH) {
      SetAsyncError(
          self, kRemoteError,
          "remote process of rank " + std::to_string(peer) + " exited");
    }
  }
}

// Returns false if the communicator was aborted before the condition held.
bool Await(Communicator* self, const std::function<bool()>& condition) {
  for (int round = 0; !condition(); ++round) {
    if (self->aborted) {
      return false;
    }
    if (round % 20 == 19) {
      LookForPeers(self);
    }
    usleep(50);
  }
  return true;
}

bool AwaitAll(Communicator* self, std::atomic<uint64_t> Rank::*counter,
              uint64_t value) {
  return Await(self, [=] {
    for (int peer = 0; peer < self->size; ++peer) {
      if ((self->shared->ranks[peer].*counter) < value) {
        return false;
      }
    }
    return true;
  });
}

}  // namespace

void Hang(Communicator* self) {
  Await(self, [] { return false; });
}

namespace {

// Waits until all ranks are in it; false if they never will be.
bool SameEverywhere(Communicator* self, uint64_t number) {
  Rank* const ranks = self->shared->ranks;
  bool same = true;
  ranks[self->rank].begun = number;
  const bool awaited = Await(self, [&] {
    bool all = true;
    for (int peer = 0; peer < self->size && same; ++peer) {
      // As soon as it is issued: it may never begin, if it is behind another.
      const bool issued = ranks[peer].issued >= number;
      same = !issued || IsSame(self, number, peer);
      all = all && ranks[peer].begun >= number;
    }
    return all || !same;
  });
  ranks[self->rank].compared = number;
  return awaited && same;
}

uint8_t* Memory(uintptr_t address, size_t length_bytes) {
  auto* begin = static_cast<uint8_t*>(cairn_emulated_memory(address));
  return length_bytes == 0 ||
                 cairn_emulated_memory(address + length_bytes - 1) ==
                     begin + length_bytes - 1
             ? begin
             : nullptr;
}

}  // namespace

int32_t AllGather(Communicator* self, uintptr_t source, uintptr_t target,
                  uint64_t number) {
  const Signature signature =
      self->shared->ranks[self->rank].issues[number % kMostIssued];
  const size_t length_bytes = signature.count * TypeBytes(signature.type);
  const auto size = static_cast<size_t>(self->size);
  uint8_t* const from = Memory(source, length_bytes);
  uint8_t* const to = Memory(target, length_bytes * size);
  if (from == nullptr || to == nullptr) {
    return kIllegalAddress;
  }
  if (!SameEverywhere(self, number)) {
    Hang(self);
    return 0;
  }
  Rank* const ranks = self->shared->ranks;
  for (size_t begin = 0; begin < length_bytes; begin += kPieceBytes) {
    const size_t piece = std::min(kPieceBytes, length_bytes - begin);
    memcpy(ranks[self->rank].data, from + begin, piece);
    ranks[self->rank].ready = ++self->steps;
    if (!AwaitAll(self, &Rank::ready, self->steps)) {
      return 0;
    }
    for (size_t peer = 0; peer < size; ++peer) {
      memcpy(to + peer * length_bytes + begin, ranks[peer].data, piece);
    }
    ranks[self->rank].done = self->steps;
    if (!AwaitAll(self, &Rank::done, self->steps)) {
      return 0;
    }
  }
  return 0;
}

namespace {

// Moves at most one piece; returns whether it could.
bool Move(Communicator* self, Transfer& transfer, uint8_t* memory) {
  auto& channels = self->shared->channels;
  Channel& channel = transfer.sends ? channels[self->rank][transfer.peer]
                                    : channels[transfer.peer][self->rank];
  const size_t left = transfer.length_bytes - transfer.done_bytes;
  if (transfer.sends) {
    if (channel.sent != channel.taken) {
      return false;
    }
    channel.length_bytes = std::min(kPieceBytes, left);
    channel.count = transfer.count;
    channel.type = transfer.type;
    memcpy(channel.data, memory + transfer.done_bytes, channel.length_bytes);
    transfer.done_bytes += channel.length_bytes;
    ++channel.sent;
    return true;
  }
  if (channel.sent == channel.taken || self->async_error != 0) {
    return false;
  }
  if (channel.count != transfer.count || channel.type != transfer.type) {
    SetAsyncError(self, kInvalidUsage,
                  "receive differs from send: rank " +
                      std::to_string(self->rank) + " receives " +
                      std::to_string(transfer.count) + ", rank " +
                      std::to_string(transfer.peer) + " sends " +
                      std::to_string(channel.count));
    return false;
  }
  memcpy(memory + transfer.done_bytes, channel.data, channel.length_bytes);
  transfer.done_bytes += channel.length_bytes;
  ++channel.taken;
  return true;
}

// Whether a peer is in an all-gather that this rank has not issued yet: then it
// will not come to its side of the transfer before this rank has.
bool IsElsewhere(Communicator* self, const Transfer& transfer) {
  Rank& peer = self->shared->ranks[transfer.peer];
  return peer.inside == kAllGather && peer.begun > transfer.gathers_before;
}

// As Move, as often as it works; says so if it never will.
void MoveAll(Communicator* self, Transfer& transfer, uint8_t* memory) {
  const bool elsewhere = IsElsewhere(self, transfer);
  while (transfer.done_bytes < transfer.length_bytes) {
    if (!Move(self, transfer, memory)) {
      if (elsewhere) {
        SetAsyncError(self, kInvalidUsage,
                      "order differs: rank " + std::to_string(self->rank) +
                          (transfer.sends ? " sends to" : " receives from") +
                          " rank " + std::to_string(transfer.peer) +
                          ", which is in an all-gather");
      }
      return;
    }
  }
}

}  // namespace

int32_t Exchange(Communicator* self, std::vector<Transfer>& transfers) {
  std::vector<uint8_t*> memory;
  for (const Transfer& transfer : transfers) {
    memory.push_back(Memory(transfer.address, transfer.length_bytes));
    if (memory.back() == nullptr) {
      return kIllegalAddress;
    }
  }
  Await(self, [&] {
    bool all = true;
    for (size_t i = 0; i < transfers.size(); ++i) {
      MoveAll(self, transfers[i], memory[i]);
      all = all && transfers[i].done_bytes == transfers[i].length_bytes;
    }
    return all;
  });
  return 0;
}

}  // namespace emulation
