#include "hw/tiling/convolution_tiles.h"

#include <algorithm>
#include <tuple>
#include <vector>

namespace cairn::hw {
namespace {

constexpr double kPartialSumBits = 32;

std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

double real(std::int64_t n) {
  return static_cast<double>(n);
}

/// Sizes that cut \p extent into 1, 2, 3, ... pieces: each once, largest first.
std::vector<std::int64_t> pieces(std::int64_t extent) {
  std::vector<std::int64_t> sizes;
  for (std::int64_t n = 1; n <= extent; ++n) {
    const std::int64_t size = ceil_div(extent, n);
    if (sizes.empty() || size != sizes.back()) {
      sizes.push_back(size);
    }
    if (size == 1) {
      break;
    }
  }
  return sizes;
}

/// One axis of the image, cut into tiles of \p size outputs.
struct CutAxis {
  std::int64_t tiles{};
  std::int64_t longest{};  ///< input of one tile
  std::int64_t loaded{};   ///< input of all tiles, halos as often as they are loaded
};

CutAxis cut(std::int64_t input, std::int64_t output, std::int64_t kernel, std::int64_t stride,
            std::int64_t padding, std::int64_t size) {
  CutAxis axis;
  axis.tiles = ceil_div(output, size);
  for (std::int64_t first = 0; first < output; first += size) {
    const std::int64_t last = std::min(output, first + size) - 1;
    const std::int64_t from = std::max<std::int64_t>(0, first * stride - padding);
    const std::int64_t to = std::min(input - 1, last * stride - padding + kernel - 1);
    const std::int64_t length = std::max<std::int64_t>(0, to - from + 1);
    axis.longest = std::max(axis.longest, length);
    axis.loaded += length;
  }
  return axis;
}

struct Problem {
  const models::Convolution& shape;
  const models::Formats& formats;
  double capacity;
};

/// The tile of these sizes, if it fits.
std::optional<ConvolutionTile> sized(const Problem& p, const CutAxis& rows, const CutAxis& columns,
                                     std::int64_t row_size, std::int64_t column_size,
                                     std::int64_t filters, std::int64_t channels,
                                     bool filters_stay) {
  const models::Convolution& c = p.shape;
  const bool depthwise = c.depthwise();
  const std::int64_t group_channels = c.channels / c.groups;
  const std::int64_t group_filters = c.filters / c.groups;
  // Filters of a depthwise tile bring their own channels; others read those of their groups.
  const std::int64_t groups_read = ceil_div(filters, group_filters);
  const double input_channels = real(groups_read * channels);
  const double kernel = real(c.kernel_height * c.kernel_width);
  const bool split = channels < group_channels;
  const double input = real(rows.longest * columns.longest) * input_channels *
                       p.formats.activations.bits_per_element();
  const double weights = kernel * real(channels * filters) * p.formats.weights.bits_per_element();
  const double output = real(row_size * column_size * filters) *
                        (split ? kPartialSumBits : p.formats.outputs.bits_per_element());
  const std::int64_t spatial = rows.tiles * columns.tiles;
  const std::int64_t filter_tiles = ceil_div(c.filters, filters);
  const std::int64_t channel_tiles = ceil_div(group_channels, channels);
  const auto buffered = [](double bits, std::int64_t pieces_of_it) {
    return pieces_of_it > 1 ? 2 * bits : bits;
  };
  ConvolutionTile tile;
  tile.rows = row_size;
  tile.columns = column_size;
  tile.filters = filters;
  tile.channels = channels;
  tile.tiles = spatial * filter_tiles * channel_tiles;
  tile.filters_stay = filters_stay;
  tile.buffer_bits = buffered(input, spatial * channel_tiles * (depthwise ? filter_tiles : 1)) +
                     buffered(weights, filter_tiles * channel_tiles) +
                     buffered(output, spatial * filter_tiles);
  if (tile.buffer_bits > p.capacity) {
    return std::nullopt;
  }
  const double all_input =
      real(rows.loaded * columns.loaded * c.channels) * p.formats.activations.bits_per_element();
  const double all_weights =
      real(models::weight_elements(c)) * p.formats.weights.bits_per_element();
  const double all_output =
      real(c.output_height() * c.output_width() * c.filters) * p.formats.outputs.bits_per_element();
  // Who passes is loaded for each piece of who stays; with split channels neither can stay.
  const bool own_channels = c.groups == c.channels;
  const bool whole_image = spatial == 1 && channel_tiles == 1;
  const bool image_again = !own_channels && !whole_image && (filters_stay || split);
  const bool filters_again = filter_tiles * channel_tiles > 1 && (!filters_stay || split);
  tile.moved_bits = all_input * (image_again ? real(filter_tiles) : 1.0) +
                    all_weights * (filters_again ? real(spatial) : 1.0) + all_output;
  tile.moved_bits *= real(c.batch);
  tile.tiles *= c.batch;
  return tile;
}

}  // namespace

std::optional<ConvolutionTile> tile_for(const models::Convolution& shape,
                                        const models::Formats& formats, double capacity_bits) {
  const Problem problem{shape, formats, capacity_bits};
  const std::int64_t out_rows = shape.output_height();
  const std::int64_t out_columns = shape.output_width();
  const std::int64_t kernel_rows = shape.dilation_height * (shape.kernel_height - 1) + 1;
  const std::int64_t kernel_columns = shape.dilation_width * (shape.kernel_width - 1) + 1;
  const std::vector<std::int64_t> filter_sizes = pieces(shape.filters);
  const std::int64_t group_channels = shape.channels / shape.groups;
  std::optional<ConvolutionTile> best;
  const auto consider = [&](std::int64_t rows, std::int64_t columns, std::int64_t channels) {
    const CutAxis r =
        cut(shape.height, out_rows, kernel_rows, shape.stride_height, shape.pad_top, rows);
    const CutAxis c =
        cut(shape.width, out_columns, kernel_columns, shape.stride_width, shape.pad_left, columns);
    for (const std::int64_t filters : filter_sizes) {
      for (const bool stay : {true, false}) {
        const auto tile = sized(problem, r, c, rows, columns, filters, channels, stay);
        const auto key = [](const ConvolutionTile& t) { return std::tuple{t.moved_bits, t.tiles}; };
        if (tile && (!best || key(*tile) < key(*best))) {
          best = tile;
        }
      }
    }
  };
  for (const std::int64_t rows : pieces(out_rows)) {
    consider(rows, out_columns, group_channels);
  }
  // Less than a row, and less than all channels: always looked at, so that a larger memory has
  // every choice of a smaller one.
  for (const std::int64_t columns : pieces(out_columns)) {
    for (std::int64_t channels = group_channels; channels >= 1;
         channels = channels > 1 ? ceil_div(channels, 2) : 0) {
      consider(1, columns, channels);
    }
  }
  return best;
}

std::optional<ConvolutionTile> tile_for(const models::MatMul& shape, const models::Formats& formats,
                                        double capacity_bits) {
  models::Convolution points;
  points.height = shape.m;
  points.channels = shape.k;
  points.filters = shape.n;
  std::optional<ConvolutionTile> tile = tile_for(points, formats, capacity_bits);
  if (tile) {
    tile->moved_bits *= real(shape.batch);
    tile->tiles *= shape.batch;
  }
  return tile;
}

}  // namespace cairn::hw
