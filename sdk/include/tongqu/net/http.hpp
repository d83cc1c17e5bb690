#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tongqu::net {

/// Header fields in wire order; names keep the sender's case and compare without case.
class Headers {
public:
  using Field = std::pair<std::string, std::string>;
  void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
  /// First value of a name, empty when absent.
  std::string_view get(std::string_view name) const noexcept;
  bool has(std::string_view name) const noexcept;
  std::size_t count(std::string_view name) const noexcept;
  const std::vector<Field>& fields() const noexcept { return fields_; }

private:
  std::vector<Field> fields_;
};

/// One request, whole. `target` is the origin form as sent, already checked by the guard.
struct HttpRequest {
  std::string method;
  std::string target;
  Headers headers;
  std::string body;
  std::string peer;          ///< "address:port" of the other side.
  int minor_version = 1;     ///< HTTP/1.x

  std::string_view path() const noexcept;   ///< Target without the query.
  std::string_view query() const noexcept;  ///< After '?', may be empty.
};

struct HttpResponse {
  int status = 200;
  Headers headers;           ///< Content-Length, Connection and Date are added by the server.
  std::string body;
  /// For simulators of bad peers, servers only: the connection closes after so many bytes of the body, whose full length was stated.
  std::size_t cut_after = static_cast<std::size_t>(-1);
  bool close_delimited = false; ///< For simulators, servers only: no length is stated; the body ends with the connection.
};

/// Media type of a Content-Type value in lower case ("text/xml"), without parameters.
std::string media_type(std::string_view content_type);
/// Parameter of a Content-Type value ("charset", "boundary"), quotes removed; empty when absent.
std::string media_parameter(std::string_view content_type, std::string_view name);
/// How often the parameter stands there: two receivers may read a repeated one differently.
std::size_t media_parameter_count(std::string_view content_type, std::string_view name);

} // namespace tongqu::net
