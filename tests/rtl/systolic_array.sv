// A systolic array of ROWS x COLS elements: one product of 8-bit integers an element and cycle, 32-bit sums.
//
// WEIGHTS_STAY = 0: operands pass from the left and from above, and an element keeps the sum of its products
// until the last one of a fold, when it drives the result bus of its column.
// WEIGHTS_STAY = 1: words shift down a column into `below` behind the weights `present`; the first operand of a
// fold swaps them as it passes; sums move down to the row `foot`, where they leave.
module systolic_array #(
    parameter int ROWS = 4,
    parameter int COLS = 4,
    parameter bit WEIGHTS_STAY = 0
) (
    input  logic               clk, rst,
    input  logic signed [7:0]  left[ROWS],
    input  logic               left_valid[ROWS], left_first[ROWS], left_last[ROWS],
    input  logic signed [7:0]  top[COLS],
    input  logic               top_valid[COLS], top_last[COLS],
    input  logic        [7:0]  foot,
    output logic signed [31:0] result[COLS],
    output logic               result_valid[COLS]
);
  typedef struct packed {logic valid, first, last; logic signed [7:0] word;} operand_t;
  typedef struct packed {logic valid; logic signed [7:0] word;} word_t;
  typedef struct packed {
    operand_t           passing;  // to the right
    word_t              below;    // downwards: the other operand, or the weight of the next fold
    word_t              present;  // the weight multiplied with
    logic               taken;    // `below` is new and may be passed on
    logic               summed;   // `sum` goes on in the row below
    logic signed [31:0] sum;
  } element_t;

  element_t           now[ROWS][COLS], next[ROWS][COLS];
  logic signed [31:0] leaving[COLS];
  logic               leaves[COLS];

  always_comb begin
    for (int c = 0; c < COLS; c++) begin
      leaves[c] = 0;
      leaving[c] = 0;
      for (int r = 0; r < ROWS; r++) begin
        element_t           e;
        operand_t           in;
        word_t              word;  // from above
        logic               taken, summed, last;
        logic signed [31:0] sum;
        e = now[r][c];
        in = c == 0 ? {left_valid[r], left_first[r], left_last[r], left[r]} : now[r][c == 0 ? 0 : c - 1].passing;
        word = r == 0 ? {top_valid[c], top[c]} : now[r == 0 ? 0 : r - 1][c].below;
        taken = top_valid[c] && (r == 0 || now[r == 0 ? 0 : r - 1][c].taken);
        summed = r != 0 && now[r == 0 ? 0 : r - 1][c].summed;
        sum = summed ? now[r == 0 ? 0 : r - 1][c].sum : 0;
        if (WEIGHTS_STAY) begin
          if (in.valid && in.first) {e.present, e.below.valid} = {e.below, 1'b0};
          if (taken) e.below = word;
          e.taken = taken && !top_last[c];
          e.sum = sum + (in.valid && e.present.valid ? in.word * e.present.word : 0);
          last = (summed || (in.valid && e.present.valid)) && foot == 8'(r);
          e.summed = (summed || (in.valid && e.present.valid)) && !last;
        end else begin
          e.below = word;
          last = in.valid && word.valid && in.last;
          if (in.valid && word.valid) e.sum = (in.first ? 0 : e.sum) + in.word * word.word;
        end
        if (last) {leaves[c], leaving[c]} = {1'b1, e.sum};  // one result a column and cycle
        e.passing = in;
        if (rst) e.below.valid = 0;
        next[r][c] = e;
      end
    end
  end

  always_ff @(posedge clk) begin
    now <= next;
    result <= leaving;
    result_valid <= leaves;
  end
endmodule
