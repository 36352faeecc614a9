import ClusterTypes
import Testing

@Suite struct TaskArrayTests {
    @Test(arguments: [
        (TaskArray(first: 0, last: 9), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]), (TaskArray(first: 5, last: 5), [5]),
        (TaskArray(first: 1, last: 10, step: 3), [1, 4, 7, 10]),
        (TaskArray(first: 1, last: 9, step: 3), [1, 4, 7]),
        (TaskArray(first: 2, last: 4, step: 100), [2]),
    ])
    func positionsAndIndicesAgree(array: TaskArray, indices: [TaskIndex]) {
        #expect(array.count == indices.count)
        #expect((0..<array.count).map(array.index(at:)) == indices)
        #expect(indices.map(array.position(of:)) == Array(0..<array.count))
        for index in 0...12 as ClosedRange<TaskIndex> where !indices.contains(index) {
            #expect(array.position(of: index) == nil, "\(index)")
        }
    }

    @Test func anImpossibleArrayIsEmpty() {
        #expect(TaskArray(first: 5, last: 4).count == 0)
        #expect(TaskArray(first: 0, last: 4, step: 0).count == 0)
    }

    @Test func theLargestArrayIsCounted() {
        let array = TaskArray(first: 0, last: .max)
        #expect(array.count == 1 << 32)
        #expect(array.index(at: array.count - 1) == .max)
        #expect(array.position(of: .max) == array.count - 1)
    }
}
