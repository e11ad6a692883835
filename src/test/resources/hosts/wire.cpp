// A switch in user space, for kernels that cannot delay packets: each port is a
// TAP device. wire PORTS DELAY_MS LOSS_PERCENT RATE_MBIT: ports are called
// wire0, wire1 ...; a rate of 0 is none.
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <string>
#include <vector>

namespace {

constexpr double kQueueSeconds =
    0.05;  // What waits longer for its turn is dropped.
constexpr int kMaxPacketBytes = 16 << 10;
constexpr int kMacBytes = 6;
constexpr int kMostReadsInARow = 64;

struct Packet {
  double due;
  std::string bytes;
};

struct Port {
  int device;
  std::string mac;
  std::deque<Packet> queue;
  double freeAt = 0;
};

double now() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

int openPort(int number) {
  int device = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
  ifreq request = {};
  snprintf(request.ifr_name, IFNAMSIZ, "wire%d", number);
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  if (device < 0 || ioctl(device, TUNSETIFF, &request) != 0) {
    perror("tap");
    exit(1);
  }
  return device;
}

class Switch {
 public:
  Switch(int ports, double delay, double loss, double bytesPerSecond)
      : delay_(delay), loss_(loss), bytesPerSecond_(bytesPerSecond) {
    for (int number = 0; number < ports; number++) {
      ports_.push_back({openPort(number), "", {}});
    }
  }

  // Moves what has come and what is due; returns when the next packet is due.
  double step() {
    for (Port& from : ports_) {
      read(from);
    }
    double next = now() + 0.05;
    for (Port& to : ports_) {
      while (!to.queue.empty() && to.queue.front().due <= now()) {
        const std::string& bytes = to.queue.front().bytes;
        if (write(to.device, bytes.data(), bytes.size()) < 0) {
          // Nobody listens there: as a packet that is lost.
        }
        to.queue.pop_front();
      }
      if (!to.queue.empty()) {
        next = std::min(next, to.queue.front().due);
      }
    }
    return next;
  }

  void wait(double until) {
    std::vector<pollfd> devices;
    for (const Port& port : ports_) {
      devices.push_back({port.device, POLLIN, 0});
    }
    timespec left = {0, std::max(0L, static_cast<long>((until - now()) * 1e9))};
    ppoll(devices.data(), devices.size(), &left, nullptr);
  }

 private:
  void read(Port& from) {
    static char buffer[kMaxPacketBytes];
    for (int packet = 0; packet < kMostReadsInARow; packet++) {
      ssize_t length = ::read(from.device, buffer, sizeof buffer);
      if (length < 2 * kMacBytes) {
        return;
      }
      std::string bytes(buffer, length);
      std::string target = bytes.substr(0, kMacBytes);
      from.mac = bytes.substr(kMacBytes, kMacBytes);
      auto known =
          std::find_if(ports_.begin(), ports_.end(),
                       [&](const Port& port) { return port.mac == target; });
      for (Port& to : ports_) {
        if (&to != &from && (known == ports_.end() || &to == &*known)) {
          put(to, bytes);
        }
      }
    }
  }

  void put(Port& to, const std::string& bytes) {
    double begin = std::max(now(), to.freeAt);
    bool isFull = bytesPerSecond_ > 0 && begin - now() > kQueueSeconds;
    if (isFull || drand48() < loss_) {
      return;
    }
    if (bytesPerSecond_ > 0) {
      to.freeAt = begin + bytes.size() / bytesPerSecond_;
      begin = to.freeAt;
    }
    to.queue.push_back({begin + delay_, bytes});
  }

  double delay_;
  double loss_;
  double bytesPerSecond_;
  std::vector<Port> ports_;
};

}  // namespace

int main(int, char** arguments) {
  srand48(7);
  Switch wire(atoi(arguments[1]), atof(arguments[2]) / 1e3,
              atof(arguments[3]) / 100, atof(arguments[4]) * 1e6 / 8);
  puts("DONE wire");
  fflush(stdout);
  while (true) {
    wire.wait(wire.step());
  }
}
