// Are decomposed layers the networks that their definitions say, with their parameters?
#include "models/tensor_network/tensor_layer.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <string>

#include <catch2/catch.hpp>

#include "core/text/enum_names.h"
#include "models/tensor_network/einsum.h"
#include "models/tensor_network/execute.h"
#include "models/tensor_network/network_json.h"

namespace cairn::models {
namespace {

using D = Decomposition;

TensorLayerShape shape_of(D decomposition, std::vector<std::int64_t> inputs,
                          std::vector<std::int64_t> outputs, std::int64_t rank,
                          std::int64_t blocks = 1) {
  return {.decomposition = decomposition,
          .input_modes = std::move(inputs),
          .output_modes = std::move(outputs),
          .rank = rank,
          .blocks = blocks};
}

std::string text_of(const TensorNetwork& network) {
  return einsum_text(network, network.terms, network.output);
}

std::vector<std::string> names(const TensorNetwork& network, const TensorIndices& tensor) {
  std::vector<std::string> result;
  for (const IndexId index : tensor) {
    result.push_back(network.indices[static_cast<std::size_t>(index)].name);
  }
  return result;
}

/// Terms in any order, the output, and the sizes of what they name.
struct Described {
  std::multiset<std::vector<std::string>> terms;
  std::vector<std::string> output;
  std::map<std::string, std::int64_t> sizes;
  friend bool operator==(const Described&, const Described&) = default;
};

Described described(const TensorNetwork& network) {
  Described result;
  for (const TensorIndices& term : network.terms) {
    result.terms.insert(names(network, term));
    for (const IndexId index : term) {
      const TensorIndex& i = network.indices[static_cast<std::size_t>(index)];
      result.sizes[i.name] = i.size;
    }
  }
  result.output = names(network, network.output);
  return result;
}

struct ReferenceLayer {
  std::string name;  ///< without the direction
  std::vector<std::int64_t> inputs;
  std::vector<std::int64_t> outputs;
  std::int64_t rank;
  std::int64_t batch;
};
const std::vector<ReferenceLayer> kReferenceLayers{
    {"768x768_r8_b32", {12, 8, 8}, {8, 8, 12}, 8, 32},
    {"768x768_r8_b4096", {12, 8, 8}, {8, 8, 12}, 8, 4096},
    {"768x768_r16_b32", {12, 8, 8}, {8, 8, 12}, 16, 32},
    {"768x768_r16_b4096", {12, 8, 8}, {8, 8, 12}, 16, 4096},
    {"768x768_r64_b32", {12, 8, 8}, {8, 8, 12}, 64, 32},
    {"768x768_r64_b4096", {12, 8, 8}, {8, 8, 12}, 64, 4096},
    {"768x3072_r30_b1024", {12, 8, 8}, {12, 16, 16}, 30, 1024},
    {"768x768d4_r12_b256", {4, 6, 4, 8}, {8, 4, 6, 4}, 12, 256}};

void compare_with_reference(D decomposition, const std::string& prefix, const std::string& file) {
  std::map<std::string, TensorNetwork> reference;
  for (const TensorNetwork& network :
       read_networks("tests/validation/contraction/" + file).networks) {
    reference[network.name] = network;
  }
  REQUIRE(reference.size() == 40);
  std::size_t compared = 0;
  for (const ReferenceLayer& layer : kReferenceLayers) {
    const TensorNetwork forward =
        tensor_layer(shape_of(decomposition, layer.inputs, layer.outputs, layer.rank), layer.batch)
            .network;
    const auto compare = [&](const std::string& direction, const TensorNetwork& network) {
      const auto place = reference.find(prefix + "_" + layer.name + "_" + direction);
      if (place != reference.end()) {
        CAPTURE(place->first, text_of(network), text_of(place->second));
        CHECK(described(network) == described(place->second));
        ++compared;
      }
    };
    const auto forward_place = reference.find(prefix + "_" + layer.name + "_fwd");
    REQUIRE(forward_place != reference.end());
    CHECK(text_of(forward) == text_of(forward_place->second));  // also the order of terms
    compare("fwd", forward);
    compare("gradx", gradient_network(forward, 0));
    for (std::int32_t core = 0; core + 1 < std::ssize(forward.terms); ++core) {
      compare("gradw" + std::to_string(core), gradient_network(forward, core + 1));
    }
  }
  CHECK(compared == 40);
}

TEST_CASE("tensor trains and their gradients are the networks of the reference") {
  compare_with_reference(D::tensor_train, "tt", "layers_tensor_train.json");
}

TEST_CASE("tensor train matrices and their gradients are the networks of the reference") {
  compare_with_reference(D::tensor_train_matrix, "ttm", "layers_tensor_train_matrix.json");
}

TEST_CASE("each decomposition has its cores in their order") {
  const std::vector<std::int64_t> in{4, 5};
  const std::vector<std::int64_t> out{6, 7};
  const auto text = [&](D decomposition, std::int64_t blocks = 1) {
    return text_of(tensor_layer(shape_of(decomposition, in, out, 3, blocks), 2).network);
  };
  CHECK(text(D::tensor_train) == "[b,i0,i1],[o0,r1],[r1,o1,r2],[r2,i0,r3],[r3,i1]->[b,o0,o1]");
  CHECK(text(D::tensor_train_matrix) == "[b,i0,i1],[i0,o0,r1],[r1,i1,o1]->[b,o0,o1]");
  CHECK(text(D::tensor_ring) == "[b,i0,i1],[r0,o0,r1],[r1,o1,r2],[r2,i0,r3],[r3,i1,r0]->[b,o0,o1]");
  CHECK(text(D::tucker) ==
        "[b,i0,i1],[o0,ro0],[o1,ro1],[i0,ri0],[i1,ri1],[ro0,ro1,ri0,ri1]->[b,o0,o1]");
  CHECK(text(D::canonical_polyadic) == "[b,i0,i1],[o0,r],[o1,r],[i0,r],[i1,r]->[b,o0,o1]");
  CHECK(text(D::hierarchical_tucker) ==
        "[b,i0,i1],[o0,ro0],[o1,ro1],[i0,ri0],[i1,ri1],[ro0,ro1,ro0o1],[ri0,ri1,ri0i1],"
        "[ro0o1,ri0i1]->[b,o0,o1]");
  CHECK(text(D::block_term, 2) ==
        "[b,i0,i1],[n,o0,ro0],[n,o1,ro1],[n,i0,ri0],[n,i1,ri1],[n,ro0,ro1,ri0,ri1]->[b,o0,o1]");
}

TEST_CASE("parameters of each decomposition are counted by hand") {
  const auto count = [](D decomposition, std::int64_t rank, std::int64_t blocks = 1) {
    return tensor_layer(shape_of(decomposition, {12, 8, 8}, {8, 8, 12}, rank, blocks), 32)
        .parameters;
  };
  // Ranks 8, 10, 10, 10, 8: the outermost bonds have only 8 values to tell apart.
  // 8*8 + 8*8*10 + 10*12*10 + 10*12*10 + 10*8*8 + 8*8.
  CHECK(count(D::tensor_train, 10) == 64 + 640 + 1200 + 1200 + 640 + 64);
  CHECK(count(D::tensor_train_matrix, 10) == 12 * 8 * 10 + 10 * 8 * 8 * 10 + 10 * 8 * 12);
  CHECK(count(D::tensor_ring, 10) == 100 * (8 + 8 + 12 + 12 + 8 + 8));
  // Factors n x min(10, n): four of 8 x 8, two of 12 x 10; the core 8*8*10*10*8*8.
  CHECK(count(D::tucker, 10) == 4 * 64 + 2 * 120 + 409600);
  CHECK(count(D::canonical_polyadic, 10) == 10 * (8 + 8 + 12 + 12 + 8 + 8));
  // Modes o0 o1 o2 | i0 i1 i2, halves (o0 o1) o2 and (i0 i1) i2: transfers 8*8*10, 10*10*10,
  // 10*8*10, 10*8*10 and the root 10*10.
  CHECK(count(D::hierarchical_tucker, 10) == 4 * 64 + 2 * 120 + 640 + 1000 + 800 + 800 + 100);
  CHECK(count(D::block_term, 2, 3) == 3 * (2 * (8 + 8 + 12 + 12 + 8 + 8) + 64));
}

TEST_CASE("ranks are cut to what the weight can have, and not below") {
  const auto sizes = [](D decomposition, std::int64_t rank) {
    const TensorNetwork network =
        tensor_layer(shape_of(decomposition, {3, 2}, {2, 4}, rank), 1).network;
    std::map<std::string, std::int64_t> result;
    for (const TensorIndex& index : network.indices) {
      if (index.name[0] == 'r') {
        result[index.name] = index.size;
      }
    }
    return result;
  };
  using Sizes = std::map<std::string, std::int64_t>;
  // Modes 2 4 3 2: bonds part them into 2|24, 8|6 and 24|2.
  CHECK(sizes(D::tensor_train, 5) == Sizes{{"r1", 2}, {"r2", 5}, {"r3", 2}});
  CHECK(sizes(D::tensor_train, 6) == Sizes{{"r1", 2}, {"r2", 6}, {"r3", 2}});
  CHECK(sizes(D::tensor_train, 100) == Sizes{{"r1", 2}, {"r2", 6}, {"r3", 2}});
  // Cores 3*2 | 2*4.
  CHECK(sizes(D::tensor_train_matrix, 100) == Sizes{{"r1", 6}});
  CHECK(sizes(D::tucker, 100) == Sizes{{"ri0", 3}, {"ri1", 2}, {"ro0", 2}, {"ro1", 4}});
  CHECK(sizes(D::canonical_polyadic, 100) == Sizes{{"r", 12}});
  CHECK(sizes(D::hierarchical_tucker, 100) ==
        Sizes{{"ri0", 3}, {"ri0i1", 6}, {"ri1", 2}, {"ro0", 2}, {"ro0o1", 6}, {"ro1", 4}});
  CHECK(sizes(D::tensor_ring, 5) == Sizes{{"r0", 5}, {"r1", 5}, {"r2", 5}, {"r3", 5}});
}

/// Elements of a tensor by position.
struct View {
  const DenseTensor& tensor;
  double operator()(std::initializer_list<std::int64_t> at) const {
    std::int64_t offset = 0;
    std::size_t d = 0;
    for (const std::int64_t i : at) {
      offset = offset * tensor.shape[d++] + i;
    }
    return tensor.values[static_cast<std::size_t>(offset)];
  }
};

using Ranks = std::vector<std::int64_t>;

/// Compares the contracted weight with \p element of every place (o0, o1, i0, i1).
template <class Element>
void compare_weight(const TensorLayerShape& shape, const Element& element) {
  const TensorNetwork weight = weight_network(tensor_layer(shape, 7).network);
  const std::vector<DenseTensor> cores = random_tensors(weight, 5);
  ContractionOrder order;
  for (std::int32_t c = 1; c < std::ssize(cores); ++c) {
    order.push_back({c == 1 ? 0 : static_cast<std::int32_t>(std::ssize(cores)) + c - 2, c});
  }
  const DenseTensor dense = contract(weight, order, cores);
  REQUIRE(dense.shape == std::vector<std::int64_t>{3, 4, 2, 5});
  std::vector<View> views;
  for (const DenseTensor& core : cores) {
    views.push_back({core});
  }
  std::size_t position = 0;
  double worst = 0;
  for (std::int64_t a = 0; a < 3; ++a) {
    for (std::int64_t b = 0; b < 4; ++b) {
      for (std::int64_t c = 0; c < 2; ++c) {
        for (std::int64_t d = 0; d < 5; ++d) {
          worst = std::max(worst, std::abs(dense.values[position++] - element(views, a, b, c, d)));
        }
      }
    }
  }
  CHECK(worst < 1e-13);
}

TEST_CASE("the weight that the cores make is that of each definition, element by element") {
  const Ranks in{2, 5};
  const Ranks out{3, 4};
  using At = std::int64_t;
  // Ranks that every bond can have: 2 (no mode is smaller).
  SECTION("tensor train: a row, matrices and a column multiplied") {
    compare_weight(shape_of(D::tensor_train, in, out, 2),
                   [](const std::vector<View>& g, At a, At b, At c, At d) {
                     double sum = 0;
                     for (At p = 0; p < 2; ++p) {
                       for (At q = 0; q < 2; ++q) {
                         for (At r = 0; r < 2; ++r) {
                           sum += g[0]({a, p}) * g[1]({p, b, q}) * g[2]({q, c, r}) * g[3]({r, d});
                         }
                       }
                     }
                     return sum;
                   });
  }
  SECTION("tensor train matrix: each core has one input and one output mode") {
    compare_weight(shape_of(D::tensor_train_matrix, in, out, 2),
                   [](const std::vector<View>& g, At a, At b, At c, At d) {
                     return g[0]({c, a, 0}) * g[1]({0, d, b}) + g[0]({c, a, 1}) * g[1]({1, d, b});
                   });
  }
  SECTION("tensor ring: the trace of a product of matrices") {
    compare_weight(shape_of(D::tensor_ring, in, out, 2), [](const std::vector<View>& g, At a, At b,
                                                            At c, At d) {
      double sum = 0;
      for (At o = 0; o < 2; ++o) {
        for (At p = 0; p < 2; ++p) {
          for (At q = 0; q < 2; ++q) {
            for (At r = 0; r < 2; ++r) {
              sum += g[0]({o, a, p}) * g[1]({p, b, q}) * g[2]({q, c, r}) * g[3]({r, d, o});
            }
          }
        }
      }
      return sum;
    });
  }
  const auto tucker_element = [](const std::vector<View>& g, At a, At b, At c, At d) {
    double sum = 0;
    for (At p = 0; p < 2; ++p) {
      for (At q = 0; q < 2; ++q) {
        for (At r = 0; r < 2; ++r) {
          for (At s = 0; s < 2; ++s) {
            sum += g[0]({a, p}) * g[1]({b, q}) * g[2]({c, r}) * g[3]({d, s}) * g[4]({p, q, r, s});
          }
        }
      }
    }
    return sum;
  };
  SECTION("Tucker: a core with a factor on each mode") {
    compare_weight(shape_of(D::tucker, in, out, 2), tucker_element);
  }
  SECTION("canonical polyadic: a sum of outer products") {
    compare_weight(shape_of(D::canonical_polyadic, in, out, 3),
                   [](const std::vector<View>& g, At a, At b, At c, At d) {
                     double sum = 0;
                     for (At r = 0; r < 3; ++r) {
                       sum += g[0]({a, r}) * g[1]({b, r}) * g[2]({c, r}) * g[3]({d, r});
                     }
                     return sum;
                   });
  }
  SECTION("hierarchical Tucker: transfer tensors join pairs") {
    compare_weight(shape_of(D::hierarchical_tucker, in, out, 2),
                   [](const std::vector<View>& g, At a, At b, At c, At d) {
                     double sum = 0;
                     for (At x = 0; x < 2; ++x) {
                       for (At y = 0; y < 2; ++y) {
                         double left = 0;
                         double right = 0;
                         for (At p = 0; p < 2; ++p) {
                           for (At q = 0; q < 2; ++q) {
                             left += g[0]({a, p}) * g[1]({b, q}) * g[4]({p, q, x});
                             right += g[2]({c, p}) * g[3]({d, q}) * g[5]({p, q, y});
                           }
                         }
                         sum += left * right * g[6]({x, y});
                       }
                     }
                     return sum;
                   });
  }
  SECTION("block term: a sum of Tucker terms") {
    compare_weight(shape_of(D::block_term, in, out, 2, 3),
                   [](const std::vector<View>& g, At a, At b, At c, At d) {
                     double sum = 0;
                     for (At n = 0; n < 3; ++n) {
                       for (At p = 0; p < 2; ++p) {
                         for (At q = 0; q < 2; ++q) {
                           for (At r = 0; r < 2; ++r) {
                             for (At s = 0; s < 2; ++s) {
                               sum += g[0]({n, a, p}) * g[1]({n, b, q}) * g[2]({n, c, r}) *
                                      g[3]({n, d, s}) * g[4]({n, p, q, r, s});
                             }
                           }
                         }
                       }
                     }
                     return sum;
                   });
  }
}

TEST_CASE("a layer gives what its dense weight gives, and its gradients what calculus says") {
  for (const auto& [decomposition, name] : enum_names(D{})) {
    CAPTURE(name);
    const TensorNetwork layer =
        tensor_layer(shape_of(decomposition, {2, 5}, {3, 4}, 2, 2), 6).network;
    const auto terms = static_cast<std::int32_t>(layer.terms.size());
    // Cores first, then the input: the dense weight applied; or term by term.
    ContractionOrder dense;
    ContractionOrder in_turn;
    for (std::int32_t t = 1; t < terms; ++t) {
      in_turn.push_back({t == 1 ? 0 : terms + t - 2, t});
      dense.push_back({t == 1 ? 1 : terms + t - 2, t + 1 < terms ? t + 1 : 0});
    }
    const Verification same = verify(layer, {dense, {}}, {in_turn, {}}, 3);
    REQUIRE(same.difference);
    CHECK(*same.difference < 1e-13);
    // The network is linear in each term T: sum(T * gradient of T) = sum(Y * dY).
    std::vector<DenseTensor> tensors = random_tensors(layer, 4);
    DenseTensor result = contract(layer, in_turn, tensors);
    DenseTensor seed = result;
    for (std::size_t i = 0; i < seed.values.size(); ++i) {
      seed.values[i] = 1.0 + 0.1 * static_cast<double>(i % 7);
    }
    const double expected =
        std::inner_product(result.values.begin(), result.values.end(), seed.values.begin(), 0.0);
    for (std::int32_t t = 0; t < terms; ++t) {
      const TensorNetwork gradient = gradient_network(layer, t);
      std::vector<DenseTensor> others = tensors;
      others.erase(others.begin() + t);
      others.push_back(seed);
      const DenseTensor slope = contract(gradient, in_turn, others);
      REQUIRE(slope.shape == tensors[static_cast<std::size_t>(t)].shape);
      const std::vector<double>& values = tensors[static_cast<std::size_t>(t)].values;
      CHECK(std::inner_product(values.begin(), values.end(), slope.values.begin(), 0.0) ==
            Approx(expected).epsilon(1e-10));
    }
  }
}

TEST_CASE("a kernel's sides join the modes of its channels and filters") {
  const auto text = [](D decomposition) {
    return text_of(
        convolution_layer(shape_of(decomposition, {4, 5}, {6, 7}, 3, 2), 3, 3, 100).network);
  };
  CHECK(text(D::tensor_train) ==
        "[b,kh,kw,i0,i1],[o0,r1],[r1,o1,r2],[r2,kh,r3],[r3,kw,r4],[r4,i0,r5],[r5,i1]->[b,o0,o1]");
  CHECK(text(D::tensor_train_matrix) ==
        "[b,kh,kw,i0,i1],[kh,kw,r1],[r1,i0,o0,r2],[r2,i1,o1]->[b,o0,o1]");
  CHECK(text(D::tucker) ==
        "[b,kh,kw,i0,i1],[o0,ro0],[o1,ro1],[i0,ri0],[i1,ri1],[ro0,ro1,kh,kw,ri0,ri1]->[b,o0,o1]");
  CHECK(text(D::canonical_polyadic) ==
        "[b,kh,kw,i0,i1],[o0,r],[o1,r],[kh,r],[kw,r],[i0,r],[i1,r]->[b,o0,o1]");
  // Tucker of a 3 x 3 kernel with 64 channels and 128 filters, ranks 16:
  // 64*16 + 128*16 + 16*16*9.
  CHECK(convolution_layer(shape_of(D::tucker, {64}, {128}, 16), 3, 3, 49).parameters ==
        1024 + 2048 + 2304);
  // A pointwise convolution is a linear layer.
  CHECK(convolution_layer(shape_of(D::tensor_ring, {4}, {5}, 3), 1, 1, 8).network ==
        tensor_layer(shape_of(D::tensor_ring, {4}, {5}, 3), 8).network);
}

TEST_CASE("modes are as equal as the divisors allow") {
  using Modes = std::vector<std::int64_t>;
  CHECK(balanced_modes(768, 3) == Modes{12, 8, 8});
  CHECK(balanced_modes(3072, 3) == Modes{16, 16, 12});
  CHECK(balanced_modes(4096, 4) == Modes{8, 8, 8, 8});
  CHECK(balanced_modes(4096, 1) == Modes{4096});
  CHECK(balanced_modes(7, 3) == Modes{7, 1, 1});
  CHECK(balanced_modes(1, 2) == Modes{1, 1});
  CHECK(balanced_modes(12, 2) == Modes{4, 3});
  CHECK(balanced_modes(36, 3) == Modes{4, 3, 3});
}

TEST_CASE("a shape that is no layer says what is wrong") {
  const auto fields = [](const TensorLayerShape& shape) {
    std::string text;
    for (const FieldProblem& p : problems(shape)) {
      text += p.field + ": " + p.message + "\n";
    }
    return text;
  };
  CHECK(fields(shape_of(D::tensor_train, {2}, {3}, 4)).empty());
  CHECK(fields(shape_of(D::tensor_train, {}, {0}, 0)) ==
        "input_modes: has no mode, expected at least one\n"
        "output_modes[0]: is 0, expected at least 1\nrank: is 0, expected at least 1\n");
  CHECK(fields(shape_of(D::tensor_train_matrix, {2, 2}, {4}, 4)) ==
        "output_modes: are 1, but a tensor train matrix has as many as input_modes, 2\n");
  CHECK(fields(shape_of(D::tucker, {1LL << 40}, {1LL << 40}, 4)) ==
        "input_modes: make a weight of 2^62 elements or more\n");
}

}  // namespace
}  // namespace cairn::models
