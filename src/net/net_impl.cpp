// The one translation unit that compiles Asio and the parts of Beast that are not templates.
#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
